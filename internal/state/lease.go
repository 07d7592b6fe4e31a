package state

import (
	"context"
	"errors"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
)

// Lease is the right to deploy, held by one run until a moment of the store's time. Losing it is a fault.Busy error.
type Lease struct {
	Snapshot
	store *Store
	run   string
	fence int64
	// until is when the lease ends by the holder's own clock: at the latest that the store's clock can show.
	until time.Time
}

// errLost means that a later fence took the lease.
var errLost = fault.Errorf(fault.Busy, "another run took the lease")

// Acquire takes the lease for a run, on the state that was read: fence+1, and change (may be nil) in the same write.
// Unless it is certain that the lease is this run's, the error is fault.Busy.
func (s *Store) Acquire(ctx context.Context, from Snapshot, run string, budget time.Duration, change func(*State)) (*Lease, error) {
	if s.Leased(from) {
		return nil, fault.Errorf(fault.Busy, "run %s holds the lease until %s", from.Holder, from.LeaseUntil.Format(time.TimeOnly))
	}
	if from.at.IsZero() {
		return nil, noTime(s.URL())
	}
	next := from.State
	if !from.Exists() {
		next = State{Version: Version, Lineage: newLineage()}
	}
	next.Fence++
	next.Holder, next.Finalizing = run, ""
	now := s.now()
	next.LeaseUntil = from.at.Latest(now).Add(budget).UTC().Truncate(time.Millisecond)
	if change != nil {
		change(&next)
	}
	l := &Lease{store: s, run: run, fence: next.Fence, until: now.Add(budget)}
	snap, err := s.swap(ctx, from, next)
	if errors.Is(err, errUncertain) {
		cause := err
		snap, err = s.reread(ctx, from)
		if err == nil && !l.mine(snap.State) || err != nil && fault.Of(err) == fault.Transient {
			err = fault.Errorf(fault.Busy, "take the lease: %w", errors.Join(cause, err))
		}
	}
	if err != nil {
		return nil, err
	}
	l.Snapshot = snap
	return l, nil
}

func (l *Lease) mine(s State) bool { return s.Fence == l.fence && s.Holder == l.run }

// Until is when the lease ends by this process's clock.
func (l *Lease) Until() time.Time { return l.until }

// maxRebases bounds how often a write is tried again on a state that somebody else changed: people and sweeps do that
// without the lease, but not three times within one write.
const maxRebases = 3

// Update changes the state under the lease. change may be called again, on a newer state, when a person's or a
// sweep's write came first, and again after its own write landed unseen: it must not depend on what it did before. An
// error of change ends the update.
func (l *Lease) Update(ctx context.Context, change func(*State) error) error {
	return l.update(ctx, func(State) bool { return false }, change)
}

// Renew makes the lease end budget from now, together with change (may be nil).
func (l *Lease) Renew(ctx context.Context, budget time.Duration, change func(*State) error) error {
	now := l.store.now()
	err := l.Update(ctx, func(s *State) error {
		s.LeaseUntil = l.at.Latest(now).Add(budget).UTC().Truncate(time.Millisecond)
		if change == nil {
			return nil
		}
		return change(s)
	})
	if err == nil {
		l.until = now.Add(budget)
	}
	return err
}

// Release ends the lease, together with change (may be nil).
func (l *Lease) Release(ctx context.Context, change func(*State)) error {
	released := func(s State) bool { return s.Fence == l.fence && s.Holder == "" }
	return l.update(ctx, released, func(s *State) error {
		if change != nil {
			change(s)
		}
		s.Holder, s.LeaseUntil, s.Finalizing = "", time.Time{}, ""
		return nil
	})
}

// update is the compare-and-swap of a holder. landed tells from a state read again that the write had landed.
func (l *Lease) update(ctx context.Context, landed func(State) bool, change func(*State) error) error {
	var cause error
	for range maxRebases + 1 {
		next := l.State
		if err := change(&next); err != nil {
			return err
		}
		snap, err := l.store.swap(ctx, l.Snapshot, next)
		if err == nil {
			l.Snapshot = snap
			return nil
		}
		if !errors.Is(err, errUncertain) {
			return err
		}
		cause = err
		if snap, err = l.store.reread(ctx, l.Snapshot); err != nil {
			return err
		}
		switch {
		case landed(snap.State):
			l.Snapshot = snap
			return nil
		case !l.mine(snap.State):
			return errLost
		}
		l.Snapshot = snap
	}
	return fault.As(fault.Transient, cause)
}

// Change changes the state without the lease, on the state that was read, as people and sweeps do: never what the
// holder's steps depend on. Somebody else's write in between is a fault.Busy error.
func (s *Store) Change(ctx context.Context, from Snapshot, change func(*State)) (Snapshot, error) {
	next := from.State
	if !from.Exists() {
		next = State{Version: Version, Lineage: newLineage()}
	}
	change(&next)
	snap, err := s.swap(ctx, from, next)
	if errors.Is(err, errUncertain) {
		return snap, fault.As(fault.Busy, err)
	}
	return snap, err
}
