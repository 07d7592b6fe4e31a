package syncer

import (
	"context"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/state"
)

// Hold makes nothing deploy to a target until it is released. It counts once no live lease has an intent or finalizes an
// image, which Hold waits for; a finalize that was sent before may still land.
func (s Syncer) Hold(ctx context.Context, t Target, by, reason string) (state.Hold, error) {
	r := s.newRun(t, Trigger{Kind: ByCommand, By: by})
	snap, err := r.store.Edit(ctx, func(s *state.State) {
		if s.Held == nil {
			s.Held = &state.Hold{By: by, Reason: reason, At: r.now().UTC().Truncate(time.Second)}
		}
	})
	for err == nil && snap.Held != nil && (snap.Intent != nil || snap.Finalizing != "") && r.store.Leased(snap) {
		if r.Progress != nil {
			r.Progress("waiting for run " + snap.Holder + ", which is deploying")
		}
		if err = Sleep(ctx, pollEvery); err == nil {
			snap, err = r.store.Read(ctx)
		}
	}
	if err != nil {
		return state.Hold{}, err
	}
	if snap.Held == nil {
		return state.Hold{}, fault.Errorf(fault.Busy, "somebody released the hold while it was waited for")
	}
	return *snap.Held, nil
}

// Release ends a hold, and asks for a deploy although nothing may have changed: a rollback is undone by it. The
// caller makes the run. It reports whether there was a hold.
func (s Syncer) Release(ctx context.Context, t Target, by string) (held bool, err error) {
	r := s.newRun(t, Trigger{Kind: ByCommand, By: by})
	_, err = r.store.Edit(ctx, func(s *state.State) {
		if held = s.Held != nil; held {
			s.Held, s.Redeploy = nil, &state.Redeploy{Why: state.Released, ID: r.id}
		}
	})
	return held, err
}

// Forget makes the next run look anew at what was rejected, and tell anew what people deployed. Lineage, fence and
// intent are never forgotten.
func (s Syncer) Forget(ctx context.Context, t Target) error {
	r := s.newRun(t, Trigger{Kind: ByCommand})
	if _, err := r.store.Edit(ctx, func(s *state.State) { s.Rejected, s.Seen = nil, nil }); err != nil {
		return err
	}
	return r.store.SaveCache(ctx, nil)
}

// Status is what is known of a target.
type Status struct {
	Target     string `json:"target"`
	Deployment string `json:"deployment"`
	// State is what dagferry knows; StateURL is where.
	State    state.State `json:"state"`
	StateURL string      `json:"stateUrl"`
	// Leased is whether a run is at work.
	Leased bool `json:"leased"`
	// Live is the deploy that Astro has live, if any, and LiveIs whose it is: deployed (the last one of dagferry's), ours
	// (an earlier one: drift), another dagferry's, a person's, a rollback.
	Live   *LiveDeploy `json:"live"`
	LiveIs string      `json:"liveIs"`
}

// LiveDeploy is a deploy at Astro.
type LiveDeploy struct {
	ID          string    `json:"id"`
	CreatedAt   time.Time `json:"createdAt"`
	By          string    `json:"by"`
	Description string    `json:"description"`
}

// Status asks the state and Astro, and changes nothing.
func (s Syncer) Status(ctx context.Context, t Target) (Status, error) {
	r := s.newRun(t, Trigger{Kind: ByCommand})
	out := Status{Target: t.Name, Deployment: t.Deployment, StateURL: r.store.URL(), LiveIs: "nothing"}
	snap, err := r.store.Read(ctx)
	if err != nil {
		return out, err
	}
	out.State, out.Leased = snap.State, r.store.Leased(snap)
	if err := r.ask(ctx); err != nil {
		return out, err
	}
	live := r.asked.live()
	if live == nil {
		return out, nil
	}
	out.Live = &LiveDeploy{live.ID, live.CreatedAt, subject(*live), live.Description}
	out.LiveIs = liveIs(*live, snap.State)
	return out, nil
}

func liveIs(d astro.Deploy, s state.State) string {
	if s.Deployed != nil && d.ID == s.Deployed.DeployID {
		return "deployed"
	}
	switch who, _ := origins(d, s); who {
	case ours:
		return "drift"
	case anotherDagferrys:
		return "another dagferry's"
	case rollback:
		return "a rollback"
	case persons:
	}
	return "a person's"
}
