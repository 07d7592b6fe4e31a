// Package dispatch makes the runs that messages ask for, and says of each message whether it is done or has to come
// back. It is what hosts have in common, whoever brings them their messages: a Lambda's batch, a queue that is polled.
package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

const (
	// answerTime is what a host keeps after its last run: for releasing the lease and keeping the record, 10 s each,
	// and for giving messages back.
	answerTime = 30 * time.Second
	// concurrency bounds a process's runs at a time, however many messages and hosts ask for them: each may hold a
	// bundle's connections and temporary space.
	concurrency = 4
)

// Dispatcher makes runs for messages. Its fields must be set; Syncer's Budgets too.
type Dispatcher struct {
	Log    *slog.Logger
	Syncer syncer.Syncer
	Open   target.Opener
	// Ended, if set, is told how each run ended; one whose target could not be opened has no Run. Calls are concurrent.
	Ended func(syncer.Record)

	slots     chan struct{}
	slotsOnce sync.Once
}

// slot waits until there is room for another run. Calling what it returns makes room again.
func (d *Dispatcher) slot(ctx context.Context) (func(), error) {
	d.slotsOnce.Do(func() { d.slots = make(chan struct{}, concurrency) })
	select {
	case d.slots <- struct{}{}:
		return func() { <-d.slots }, nil
	case <-ctx.Done():
		return nil, fault.Errorf(fault.Busy, "wait for other targets' runs: %w", context.Cause(ctx))
	}
}

// Message is an envelope (package event) as a host received it.
type Message struct {
	// ID is the carrier's, for the log.
	ID   string
	Body []byte
	// Receives is how often it was delivered, this time included, and Sent when it was sent.
	Receives int
	Sent     time.Time
}

// Verdict is what becomes of a message.
type Verdict struct {
	// Err is why its work is not done, or nil.
	Err error
	// Back says that it must not be acknowledged: it has to come back, Wait from now.
	Back bool
	Wait time.Duration
}

// Do makes one run for each target that the messages touch, side by side, and returns a verdict for each message. A
// slow target does not hold up the runs of the others, and a failing one does not end them.
func (d *Dispatcher) Do(ctx context.Context, cfg config.Config, messages []Message) []Verdict {
	letters := read(cfg, messages)
	ended := d.runAll(ctx, cfg, letters)
	verdicts := make([]Verdict, len(letters))
	for i, l := range letters {
		verdicts[i] = d.judge(l, ended)
	}
	return verdicts
}

// LongEnough refuses a context that could end a run before its lease. The error is for who set its end.
func (d *Dispatcher) LongEnough(ctx context.Context) error {
	deadline, bounded := ctx.Deadline()
	budgets := d.Syncer.Budgets
	needs := budgets.Run() + answerTime
	if left := time.Until(deadline).Round(time.Second); bounded && left < needs {
		return fmt.Errorf("the function's time-out is %s, and a run may take %s: set it to %.0f s", left, needs, budgets.Timeout.Seconds())
	}
	return nil
}

func (d *Dispatcher) runAll(ctx context.Context, cfg config.Config, letters []letter) map[string]error {
	var mu sync.Mutex
	ended := map[string]error{}
	var group sync.WaitGroup
	for _, t := range cfg.Targets {
		why, touched := because(t.Name, letters)
		if !touched {
			continue
		}
		group.Go(func() {
			err := d.Run(ctx, t, why)
			mu.Lock()
			defer mu.Unlock()
			ended[t.Name] = err
		})
	}
	group.Wait()
	return ended
}

// Run makes the run of one target, if the context has time for it.
func (d *Dispatcher) Run(ctx context.Context, t config.Target, why syncer.Trigger) error {
	done, err := d.slot(ctx)
	if err != nil {
		return err
	}
	defer done()
	if d.LongEnough(ctx) != nil {
		return fault.Errorf(fault.Busy, "there is no time left for the target %s", t.Name)
	}
	opened, err := d.Open.Target(ctx, t)
	if err != nil {
		d.Log.Error("the target cannot be opened", "target", t.Name, "kind", fault.Of(err).String(), "error", err)
		unopened := syncer.Record{Target: t.Name, Deployment: t.Deployment, Trigger: why, Outcome: syncer.Failed, Reason: err.Error()}
		if fault.Of(err) == fault.Denied {
			unopened.Outcome = syncer.Denied
		}
		d.ended(unopened)
		return err
	}
	if deadline, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
	}
	record, err := d.Syncer.Run(ctx, opened, why)
	d.ended(record)
	return err
}

func (d *Dispatcher) ended(r syncer.Record) {
	if d.Ended != nil {
		d.Ended(r)
	}
}

// lasts ranks errors by how long they last.
func lasts(err error) int {
	return slices.Index([]fault.Kind{fault.Busy, fault.Transient, fault.Broken}, fault.Of(err))
}

// judge decides about a letter by its targets' errors: it is given back if any of them asks for that, for as long as the
// one that lasts longest.
func (d *Dispatcher) judge(l letter, ended map[string]error) Verdict {
	err := l.err
	for _, name := range l.targets {
		if e := ended[name]; e != nil && !syncer.Acknowledged(l.sweep, e) && (err == nil || lasts(e) > lasts(err)) {
			err = e
		}
	}
	if syncer.Acknowledged(l.sweep, err) {
		if err != nil {
			d.Log.Error("a message is dropped", "message", l.ID, "error", err)
		}
		return Verdict{Err: err}
	}
	wait := syncer.Pause(err, l.Receives, time.Since(l.Sent))
	d.Log.Warn("a message comes back", "message", l.ID, "receives", l.Receives, "seconds", wait.Seconds(),
		"kind", fault.Of(err).String(), "error", err)
	return Verdict{Err: err, Back: true, Wait: wait}
}
