package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// actor is one worker's process. A dead one's requests are never answered.
type actor struct {
	id          int
	skew        time.Duration
	dead, ended bool
	began       time.Time
}

func (a *actor) now() time.Time { return time.Now().Add(a.skew) }

// fate is what becomes of a request.
type fate struct {
	apply bool
	// err is answered instead of the result, if set; conflict says that it is the refusal of a condition.
	err      error
	conflict bool
}

var (
	errOver   = errors.New("the schedule is over")
	errBefore = errors.New("failed before it was applied")
	errAfter  = errors.New("failed after it was applied")
)

// call is a request on its way.
type call struct {
	actor *actor
	what  string
	do    func()
	due   time.Time
	order uint64
	fate  fate
	kill  bool
	done  chan struct{}
}

// gate lets requests through one at a time, in an order and with a fate that the seed decides. What goes on between
// two requests is free of choices, so a seed is a schedule.
type gate struct {
	mu      sync.Mutex
	arrived []*call
	over    chan struct{}
	wake    chan struct{}
	waiting []*call // known to the loop
}

func newGate() *gate { return &gate{over: make(chan struct{}), wake: make(chan struct{}, 1)} }

// pass waits for a request's fate; do is called when it is applied. When the context ends first, the caller goes on, and
// the request is still on its way: it may land late.
func (g *gate) pass(ctx context.Context, a *actor, what string, do func()) fate {
	c := &call{actor: a, what: what, do: do, done: make(chan struct{})}
	g.mu.Lock()
	g.arrived = append(g.arrived, c)
	g.mu.Unlock()
	g.signal()
	select {
	case <-c.done:
		return c.fate
	case <-ctx.Done():
		if a.dead {
			<-g.over
		}
		return fate{err: context.Cause(ctx)}
	case <-g.over:
		return fate{err: errOver}
	}
}

func (g *gate) signal() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// take moves what arrived to the waiting ones, in an order that does not depend on goroutines.
func (g *gate) take(judge func(*call)) {
	g.mu.Lock()
	fresh := g.arrived
	g.arrived = nil
	g.mu.Unlock()
	slices.SortStableFunc(fresh, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.actor.id, b.actor.id), cmp.Compare(a.what, b.what))
	})
	for _, c := range fresh {
		judge(c)
		g.waiting = append(g.waiting, c)
	}
}

// next removes and returns the waiting request that is due first, if it is due now.
func (g *gate) next() *call {
	if len(g.waiting) == 0 {
		return nil
	}
	first := slices.MinFunc(g.waiting, byDue)
	if first.due.After(time.Now()) {
		return nil
	}
	g.waiting = slices.DeleteFunc(g.waiting, func(c *call) bool { return c == first })
	return first
}

func byDue(a, b *call) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.order, b.order)) }

// dueNext is when the next waiting request is due.
func (g *gate) dueNext(latest time.Time) time.Time {
	for _, c := range g.waiting {
		if c.due.Before(latest) {
			latest = c.due
		}
	}
	return latest
}

// land applies a request, or not, and answers it, unless its process is dead.
func (g *gate) land(c *call) {
	if c.kill = c.kill && !c.actor.ended; c.kill {
		c.actor.dead = true
	}
	if c.fate.apply {
		c.do()
	}
	if !c.actor.dead {
		close(c.done)
	}
	synctest.Wait()
}

func (c *call) String() string {
	s := fmt.Sprintf("%2d %s", c.actor.id, c.what)
	switch {
	case c.kill && c.fate.apply:
		s += "  ← applied, and the worker dies"
	case c.kill:
		s += "  ← the worker dies first"
	case c.actor.dead:
		s += "  (of a dead worker)"
	case c.fate.err != nil:
		s += "  ← " + c.fate.err.Error()
	}
	return s
}
