package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
	"github.com/dagferry/dagferry/internal/state"
)

// run is one run's working memory.
type run struct {
	Syncer
	Target
	why   Trigger
	id    string
	log   *slog.Logger
	store *state.Store
	now   func() time.Time

	record Record
	// read is the state as it was read without the lease; lease is nil until it is acquired.
	read  state.Snapshot
	lease *state.Lease

	listed  listing
	bundled *gathered
	// cache is the last bundle, if there is one that can be used; recalled, whether that was looked for.
	cache    *bundle.Cache
	recalled bool
	asked    *view // what Astro said last
	// finish is what the release writes besides ending the lease.
	finish func(*state.State)
	// keepLease is set when nobody may begin before the lease runs out.
	keepLease bool
}

// gathered is a bundle before it is deployed.
type gathered struct {
	spool    *bundle.Spool
	archive  *bundle.Archive // once all is read
	manifest bundle.Manifest
	digest   string
}

// Run makes one run for a target. The error says by its kind (package fault) what the caller may do with the events:
// acknowledge them when it is nil, Rejected or Denied; give them back when it is Busy or Transient; Broken is for
// people. The record is complete in any case.
func (s Syncer) Run(ctx context.Context, t Target, why Trigger) (Record, error) {
	r := s.newRun(t, why)
	defer r.discard()
	err := r.conclude(ctx, r.do(ctx))
	return r.record, err
}

func (s Syncer) newRun(t Target, why Trigger) *run {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Budgets == (Budgets{}) {
		s.Budgets = LambdaBudgets()
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	began := s.Now()
	id := state.NewID(began)
	return &run{
		Syncer: s, Target: t, why: why, id: id, now: s.Now,
		log:    s.Log.With("run", id, "target", t.Name, "deployment", t.Deployment),
		store:  state.NewStore(t.State, t.Deployment, s.Now),
		record: newRecord(s.Version, id, t, why, began),
	}
}

// do is the protocol. Steps 1 and 9's acknowledgement are the host's.
func (r *run) do(ctx context.Context) error {
	r.noteToken()
	if len(r.Sources) == 0 {
		return fault.Errorf(fault.Denied, "the target %s has no sources: its DAGs are deployed by a pipeline, with dagferry deploy", r.Name)
	}
	if err := r.readState(ctx); err != nil { // step 2
		return err
	}
	due, err := r.lookAround(ctx) // Out of band and drift
	if err != nil {
		return err
	}
	if nothing, err := r.nothingToDo(ctx, due != ""); nothing || err != nil { // step 3
		return err
	}
	_ = r.prepareCheck()                        // while the lease is waited for; its error comes again under the lease, where it is recorded
	if err := r.acquire(ctx, due); err != nil { // step 4
		return err
	}
	return r.release(ctx, r.underLease(ctx)) // step 9, whatever happens
}

// errAgain sends a run back to step 5.
var errAgain = errors.New("what is live is not what this run deployed")

// underLease is steps 4 (its end) to 8. A run goes back to 5 once with a renewed lease; then others may try.
func (r *run) underLease(ctx context.Context) error {
	for again := false; ; again = true {
		err := r.attempt(ctx)
		if !errors.Is(err, errAgain) {
			return err
		}
		if deadline, bounded := ctx.Deadline(); again || bounded && time.Until(deadline) < r.Budgets.Run() {
			return fault.As(fault.Busy, err)
		}
		if err := r.lease.Renew(ctx, r.Budgets.Gather, nil); err != nil {
			return err
		}
	}
}

func (r *run) attempt(ctx context.Context) error {
	gather, cancel := r.leased(ctx)
	defer cancel()
	if err := r.prepareCheck(); err != nil {
		return err
	}
	if err := r.recordIntent(gather); err != nil { // step 4, an open intent
		return err
	}
	if nothing, err := r.snapshot(gather); nothing || err != nil { // steps 5 to 7
		return err
	}
	if err := r.check(gather); err != nil { // step 7, guards and checks
		return err
	}
	prepared, err := r.prepare(gather) // step 8, up to the upload
	if err != nil {
		return err
	}
	return r.commit(ctx, func(ctx context.Context) error {
		return r.intend(ctx, prepared) // step 8, the intent
	}, func(ctx context.Context) error {
		return r.finalize(ctx, prepared) // step 8, finalize and verify
	})
}

// commit writes down what comes, and does it. A run that is told to stop before has begun nothing and stops; later it has its grace:
// the others can read what was written, even where its own answer is lost.
func (r *run) commit(ctx context.Context, write, do func(context.Context) error) error {
	if ctx.Err() != nil {
		return fault.Errorf(fault.Transient, "stopped before anything was deployed: %w", context.Cause(ctx))
	}
	ctx, done := r.graceful(ctx)
	defer done()
	writing, cancel := r.leased(ctx)
	defer cancel()
	if err := write(writing); err != nil {
		return err
	}
	doing, cancel := r.leased(ctx) // which write made longer
	defer cancel()
	return do(doing)
}

// graceful is a context that is cancelled Grace after ctx is; at ctx's deadline it ends at once.
func (r *run) graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Grace <= 0 {
		return ctx, func() {}
	}
	out, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			_ = Sleep(out, r.Grace) // it ends early with the run
		}
		cancel(context.Cause(ctx))
	})
	return out, func() { stop(); cancel(nil) }
}

// leased is a context that ends before the lease does.
func (r *run) leased(ctx context.Context) (context.Context, context.CancelFunc) {
	if mutant.LeavesOut(mutant.LongLease) {
		return context.WithCancel(ctx)
	}
	left := r.lease.Until().Sub(r.now()) - leaseMargin
	return context.WithTimeoutCause(ctx, left, fault.Errorf(fault.Transient, "the lease's time is used up"))
}

// readState is step 2.
func (r *run) readState(ctx context.Context) error {
	defer r.step("read the state")()
	snap, err := r.store.Read(ctx)
	if err != nil {
		return err
	}
	r.read = snap
	if snap.Held != nil && r.why.Kind != BySweep {
		return r.heldBy(snap.Held)
	}
	if snap.Held == nil && r.store.Leased(snap) {
		return fault.Errorf(fault.Busy, "run %s holds the lease until %s", snap.Holder, snap.LeaseUntil.Format(time.TimeOnly))
	}
	return nil
}

// newest is the state as this run knows it best.
func (r *run) newest() state.Snapshot {
	if r.lease != nil {
		return r.lease.Snapshot
	}
	return r.read
}

func (r *run) state() state.State { return r.newest().State }

// acquire is step 4's compare-and-swap. Drift never replaces another reason to deploy.
func (r *run) acquire(ctx context.Context, due string) error {
	defer r.step("take the lease")()
	lease, err := r.store.Acquire(ctx, r.read, r.id, r.Budgets.Gather, func(s *state.State) {
		if due != "" && s.Redeploy == nil {
			s.Redeploy = &state.Redeploy{Why: due, ID: r.id}
		}
	})
	if err != nil {
		return err
	}
	r.lease, r.record.Fence = lease, lease.Fence
	return nil
}

// release is step 9. What the run found is told before the state remembers it.
func (r *run) release(ctx context.Context, cause error) error {
	if r.keepLease {
		return cause
	}
	defer r.step("release the lease")()
	// The invocation may be at its end, or the process asked to stop: the lease is given back all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if cause != nil && fault.Of(cause) == fault.Rejected {
		if err := r.tell(ctx, cause); err != nil {
			// Untold, it must not be remembered, and its event must come back.
			cause, r.finish = fault.Errorf(fault.Transient, "keep the record of a rejection (%w): %w", cause, err), nil
		}
	}
	if err := r.lease.Release(ctx, r.finish); err != nil {
		if cause == nil || isHeld(cause) {
			cause = fmt.Errorf("release the lease: %w", err)
		}
		r.log.Warn("the lease was not released; it runs out by itself", "error", err)
	}
	return cause
}

// discard frees the temporary space.
func (r *run) discard() {
	if r.bundled != nil {
		if r.bundled.archive != nil {
			_ = r.bundled.archive.Close() // nothing depends on them any more
		}
		_ = r.bundled.spool.Close()
		r.bundled = nil
	}
}

// counter is a client that counts its requests.
type counter interface{ Requests() map[string]int }
