package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
)

// schedule says what may happen in a world.
type schedule struct {
	seed uint64
	// calm has no faults; strict has no sweeps, so that events alone must do.
	calm, strict bool
	people       bool
	// markers: a batch is a few of an author's acts, and then a marker.
	markers bool
	// pairs is two files that are replaced one within two seconds of the other, for ever, with a pause of this between
	// pairs, instead of what people do. rash does not wait for the bucket to settle.
	pairs time.Duration
	rash  bool
	// script is two uploads, four minutes apart, instead of what people do.
	script bool
	// burst is that many uploads, evenly over a time, instead of what people do; workers how many there are, 3 if 0.
	burst   int
	over    time.Duration
	workers int
	// skip leaves out the choices with these numbers, to shorten a trace.
	skip map[uint64]bool
	// killAt kills the worker of the nth request of the schedule, before or after it is applied; 0 for none.
	killAt    int
	killAfter bool
	// trace keeps what happened.
	trace bool
}

// message is one in the queue.
type message struct {
	id       int
	sweep    bool
	newest   time.Time
	sent     time.Time
	visible  time.Time
	receives int
}

// result is how a worker's run ended.
type result struct {
	actor    *actor
	messages []*message
	record   syncer.Record
	err      error
}

// world is everything that a schedule plays in.
type world struct {
	schedule
	gate  *gate
	store *store
	sim   *astrotest.Server
	token secret.Value
	dir   string

	choices  uint64
	requests int
	actors   int
	messages []*message
	running  int
	results  chan result
	last     map[bool]syncer.Record // by whether it was a sweep
	calmFrom time.Time
	batch    int            // acts since the last marker
	half     bool           // between the two writes of a pair
	told     map[string]int // how often a rejection was told, by listing key
	foreign  time.Time      // when another dagferry deployed last

	ignore  []string
	history map[string]moment // every state that the bucket had, under every configuration, by its digest
	wrong   []string
	lines   []string

	uploads  int
	uploaded time.Time // when the last one was
	became   time.Time // when something became live last
}

const (
	maxWorkers = 3
	visibility = 960 * time.Second
	timeout    = 870 * time.Second
	sweepEvery = 10 * time.Minute
	// length is how long people are at work and things fail, rest how long it is calm afterwards: every lease (630 s) and
	// visibility time-out (960 s) has run out, every late request has landed (900 s), and two sweeps came by.
	length = 8 * time.Minute
	rest   = 45 * time.Minute
)

func newWorld(s schedule, dir string) *world {
	w := &world{
		schedule: s, gate: newGate(), store: &store{objects: map[string]object{}}, sim: newAstro(), dir: dir,
		results: make(chan result, 1000), history: map[string]moment{}, last: map[bool]syncer.Record{}, told: map[string]int{}, calmFrom: time.Now().Add(length),
	}
	w.token = secret.NewValue(w.sim.Token(astrotest.TokenOptions{}))
	w.store.wrote = w.checkState
	return w
}

// choose draws the number of the next choice. Each choice has a stream of its own, so that leaving one out does not
// change what the others mean.
func (w *world) choose() *rand.Rand {
	w.choices++
	return rand.New(rand.NewPCG(w.seed, w.choices))
}

func (w *world) note(format string, args ...any) {
	if w.trace {
		w.lines = append(w.lines, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
	}
}

func (w *world) fail(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
	w.note("WRONG: "+format, args...)
}

// judge decides a request's delay and fate.
func (w *world) judge(c *call) {
	r := w.choose()
	number := w.choices
	w.requests++
	c.order = r.Uint64()
	c.due = time.Now().Add(time.Duration(r.IntN(50)) * time.Millisecond)
	c.fate = fate{apply: true}
	if w.killAt == w.requests {
		c.kill, c.fate.apply = true, w.killAfter
		return
	}
	if w.calm || w.skip[number] || time.Now().After(w.calmFrom) {
		return
	}
	switch p := r.Float64(); {
	case p < 0.90:
	case p < 0.915:
		c.fate = w.refusal(c, r)
	case p < 0.93:
		c.fate.err = errAfter
	case p < 0.95:
		c.kill = true
		c.fate.apply = r.IntN(2) == 0
	case p < 0.98:
		c.due = time.Now().Add(time.Duration(r.IntN(20)) * time.Second)
	default:
		longest := 900
		if w.strict {
			longest = 100 // nothing but a sweep repairs a finalize that lands after its time-out
		}
		c.due = time.Now().Add(time.Duration(r.IntN(longest)) * time.Second)
	}
}

// refusal is a request that was not applied.
func (w *world) refusal(c *call, r *rand.Rand) fate {
	switch {
	case strings.HasPrefix(c.what, "astro"):
		return fate{err: []error{statusError(429), statusError(500), statusError(503), errBefore}[r.IntN(4)]}
	case strings.HasPrefix(c.what, "swap") && r.IntN(2) == 0:
		return fate{conflict: true}
	}
	return fate{err: errBefore}
}

// begin starts a worker on some messages.
func (w *world) begin(messages []*message) {
	why := syncer.Trigger{Kind: syncer.ByEvent, Events: len(messages)}
	for _, m := range messages {
		m.receives++
		m.visible = time.Now().Add(visibility)
		if m.sweep {
			why.Kind = syncer.BySweep
		}
		if m.newest.After(why.Newest) {
			why.Newest = m.newest
		}
	}
	w.start(why, messages, func(ctx context.Context, s syncer.Syncer, t syncer.Target, why syncer.Trigger) (syncer.Record, error) {
		return s.Run(ctx, t, why)
	})
}

// start lets an actor make a run.
func (w *world) start(why syncer.Trigger, messages []*message, run func(context.Context, syncer.Syncer, syncer.Target, syncer.Trigger) (syncer.Record, error)) {
	w.actors++
	r := w.choose()
	a := &actor{id: w.actors, began: time.Now(), skew: time.Duration(r.IntN(600)-300) * time.Second}
	w.running++
	w.note("%2d begins: %s, %d messages", a.id, why.Kind, len(messages))
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		t, err := w.target(a)
		var record syncer.Record
		if err == nil {
			record, err = run(ctx, syncer.Syncer{Now: a.now, TempDir: w.dir}, t, why)
		}
		w.results <- result{a, messages, record, err}
		w.gate.signal()
	}()
}

// deliver hands visible messages to workers, as an event source mapping does.
func (w *world) deliver() {
	workers := maxWorkers
	if w.workers > 0 {
		workers = w.workers
	}
	for w.running < workers {
		var batch []*message
		for _, m := range w.messages {
			if !m.visible.After(time.Now()) && len(batch) < 10 {
				batch = append(batch, m)
			}
		}
		if len(batch) == 0 {
			return
		}
		if n := w.choose().IntN(4); n > 0 { // part of them, in another order
			batch = batch[len(batch)-min(n, len(batch)):]
		}
		w.begin(batch)
	}
}

// conclude takes runs that ended, and acknowledges their messages or gives them back.
func (w *world) conclude() {
	for {
		select {
		case r := <-w.results:
			w.ended(r)
		default:
			return
		}
	}
}

func (w *world) ended(r result) {
	w.running--
	r.actor.ended = true
	w.note("%2d ends: %s %s", r.actor.id, r.record.Outcome, r.record.Reason)
	if r.err != nil && fault.Of(r.err) == fault.Broken {
		w.fail("worker %d ended as broken: %v", r.actor.id, r.err)
	}
	w.checkTold(r)
	for _, m := range r.messages {
		if r.record.Outcome != syncer.Busy {
			w.last[m.sweep] = r.record
		}
		if syncer.Acknowledged(m.sweep, r.err) {
			w.messages = slices.DeleteFunc(w.messages, func(o *message) bool { return o == m })
			continue
		}
		m.visible = time.Now().Add(syncer.Pause(r.err, m.receives, time.Since(m.sent)))
	}
}

// reap ends what dead workers had: their messages come back by themselves.
func (w *world) reap(c *call) {
	if c.kill {
		w.running--
	}
}

// send puts a message into the queue, perhaps late, twice or not at all.
func (w *world) send(sweep bool) {
	r := w.choose()
	m := message{id: int(w.choices), sweep: sweep, newest: time.Now().Truncate(time.Second), sent: time.Now(), visible: time.Now()}
	if !w.calm && !w.skip[w.choices] && !sweep {
		m.visible = m.visible.Add(time.Duration(r.IntN(4000)) * time.Millisecond)
		switch p := r.Float64(); {
		case p < 0.05 && !w.strict:
			w.note("   an event is lost")
			return
		case p < 0.15:
			m.visible = m.visible.Add(time.Duration(r.IntN(300)) * time.Second)
		case p < 0.30:
			twin := m
			twin.visible = twin.visible.Add(time.Duration(r.IntN(60)) * time.Second)
			w.messages = append(w.messages, &twin)
		}
	}
	w.messages = append(w.messages, &m)
}

// play runs the schedule, and then lets everything come to rest.
func (w *world) play(t *testing.T) {
	t.Helper()
	next := time.Now().Add(time.Second)
	sweep := time.Now().Add(sweepEvery)
	end := w.calmFrom.Add(rest + time.Hour)
	for {
		synctest.Wait()
		w.gate.take(w.judge)
		w.conclude()
		if c := w.gate.next(); c != nil {
			w.note("%s", c)
			w.gate.land(c)
			w.reap(c)
			continue
		}
		now := time.Now()
		if !now.Before(w.calmFrom) && w.batch > 0 {
			w.complete()
		}
		if !now.Before(next) && (now.Before(w.calmFrom) || w.half) {
			next = w.live()
			continue
		}
		if !now.Before(sweep) && !w.strict && now.Before(w.calmFrom.Add(rest)) {
			w.send(true)
			sweep = now.Add(sweepEvery)
		}
		w.deliver()
		if !now.Before(w.calmFrom) && w.atRest() || !now.Before(end) {
			return
		}
		w.sleep(next, sweep)
	}
}

// atRest reports whether all is over: calm for long enough, and an empty queue.
func (w *world) atRest() bool {
	return time.Since(w.calmFrom) > rest && w.running == 0 && len(w.gate.waiting) == 0 && len(w.messages) == 0
}

// sleep lets time pass until something is due.
func (w *world) sleep(next, sweep time.Time) {
	until := w.gate.dueNext(time.Now().Add(time.Minute))
	for _, t := range append(w.visibleTimes(), next, sweep) {
		if t.After(time.Now()) && t.Before(until) {
			until = t
		}
	}
	timer := time.NewTimer(max(time.Until(until), time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.gate.wake:
	}
}

func (w *world) visibleTimes() (times []time.Time) {
	for _, m := range w.messages {
		times = append(times, m.visible)
	}
	return times
}
