package dispatch

import (
	"context"
	"sync"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
)

// Coalescer is for a host that gets each message by itself, and many at a time: of each target there is one run at
// once, and one after it for all that came meanwhile. A message waits for the run that covers it, one that began after
// the message came. Make one with NewCoalescer.
type Coalescer struct {
	dispatcher *Dispatcher
	ctx        context.Context //nolint:containedctx // the process's: a run belongs to all who wait for it, and to none of them
	run        func(context.Context, config.Target, syncer.Trigger) error

	mu    sync.Mutex
	lanes map[string]*lane
	group sync.WaitGroup
}

// lane is a target's.
type lane struct {
	working bool
	next    *pending
}

// pending is a run that has not begun.
type pending struct {
	target config.Target
	why    syncer.Trigger
	ended  chan struct{}
	err    error // set when ended is closed
}

// NewCoalescer makes runs until ctx ends; what they do then is the Syncer's to know (Grace).
func NewCoalescer(ctx context.Context, d *Dispatcher) *Coalescer {
	return &Coalescer{dispatcher: d, ctx: ctx, run: d.Run, lanes: map[string]*lane{}}
}

// Do waits for the runs that cover a message, and returns its verdict. When ctx ends before, the message has to come
// back; its run goes on.
func (c *Coalescer) Do(ctx context.Context, cfg config.Config, m Message) Verdict {
	l := open(cfg, m)
	waits := map[string]*pending{}
	for _, t := range cfg.Targets {
		if why, touched := because(t.Name, []letter{l}); touched {
			waits[t.Name] = c.join(t, why)
		}
	}
	ended := map[string]error{}
	for name, p := range waits {
		select {
		case <-p.ended:
			ended[name] = p.err
		case <-ctx.Done():
			ended[name] = fault.Errorf(fault.Busy, "nobody waits any more for the run of %s: %w", name, context.Cause(ctx))
		}
	}
	return c.dispatcher.judge(l, ended)
}

// join is the next run of a target that has not begun. Whoever comes first makes it; it has the configuration of who came
// last. Once the process was asked to stop, there is none.
func (c *Coalescer) join(t config.Target, why syncer.Trigger) *pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		p := &pending{ended: make(chan struct{}), err: fault.Errorf(fault.Busy, "this process is about to end")}
		close(p.ended)
		return p
	}
	at := c.lanes[t.Name]
	if at == nil {
		at = &lane{}
		c.lanes[t.Name] = at
	}
	if at.next == nil {
		at.next = &pending{why: why, ended: make(chan struct{})}
	} else {
		at.next.why = both(at.next.why, why)
	}
	at.next.target = t
	if !at.working {
		at.working = true
		c.group.Go(func() { c.work(at) })
	}
	return at.next
}

// work makes the runs of a lane, one after the other, until none is asked for.
func (c *Coalescer) work(at *lane) {
	for p := c.begin(at); p != nil; p = c.begin(at) {
		p.err = c.run(c.ctx, p.target, p.why)
		close(p.ended)
	}
}

func (c *Coalescer) begin(at *lane) *pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := at.next
	at.next, at.working = nil, p != nil
	return p
}

// Wait returns when no run is under way and none is asked for.
func (c *Coalescer) Wait() { c.group.Wait() }

// both is the trigger of a run for two reasons. A sweep looks at everything that an event does, and further.
func both(a, b syncer.Trigger) syncer.Trigger {
	if b.Kind == syncer.BySweep {
		a.Kind = b.Kind
	}
	a.Events += b.Events
	if b.Newest.After(a.Newest) {
		a.Newest = b.Newest
	}
	return a
}
