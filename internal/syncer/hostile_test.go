package syncer_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

// unkind is a state's bucket between whose requests something happens.
type unkind struct {
	bucket.Bucket
	swaps int
	// put is asked before a write without condition, swapped after the nth compare-and-swap; their errors are answered.
	put     func(key string) error
	swapped func(n int) error
}

func (u *unkind) Put(ctx context.Context, key string, data []byte) error {
	if u.put != nil {
		if err := u.put(key); err != nil {
			return err
		}
	}
	return u.Bucket.Put(ctx, key, data)
}

func (u *unkind) Swap(ctx context.Context, key string, data []byte, version string) (bucket.Value, error) {
	v, err := u.Bucket.Swap(ctx, key, data, version)
	u.swaps++
	if u.swapped != nil && err == nil {
		if err := u.swapped(u.swaps); err != nil {
			return bucket.Value{}, err
		}
	}
	return v, err
}

// between makes a run for an event whose state's bucket is unkind.
func (w *world) between(ctx context.Context, u *unkind) (syncer.Record, error) {
	t := w.prepare()
	u.Bucket = t.State
	t.State = u
	return syncer.Syncer{TempDir: w.TempDir()}.Run(ctx, t, syncer.Trigger{Kind: syncer.ByEvent, Newest: time.Now()})
}

// later is a transport after whose requests something happens.
type later struct {
	http.RoundTripper
	then func(path string)
}

func (l later) RoundTrip(q *http.Request) (*http.Response, error) {
	p, err := l.RoundTripper.RoundTrip(q)
	l.then(q.URL.Path)
	return p, err
}

// twoDeploys makes two deploys, a minute apart, and returns the first one's id.
func (w *world) twoDeploys() string {
	w.write("a.py", "a")
	first := w.after(syncer.Deployed).Deploy.ID
	wait(time.Minute)
	w.write("b.py", "b")
	w.after(syncer.Deployed)
	wait(time.Minute)
	return first
}

func (w *world) rollback(to string) {
	w.Helper()
	_, err := w.sim.Rollback(deployment, to, "")
	require.NoError(w, err)
	wait(time.Minute)
}

func TestRollback_toAnImageOnlyDeployIsHeldToo(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		wait(time.Minute)
		client := w.prepare().Astro
		image, err := client.Create(w.Context(), deployment, astro.CreateDeploy{Type: astro.TypeImageOnly})
		require.NoError(w, err)
		_, err = client.Finalize(w.Context(), deployment, image.ID, "")
		require.NoError(w, err)
		wait(time.Minute)
		w.write("b.py", "b")
		w.after(syncer.Deployed)
		wait(time.Minute)
		w.rollback(image.ID)
		w.sweep(syncer.Held)
		w.same("a.py", w.live())
	})
}

func TestRollback_isNotHiddenByAnUnfinishedDeploy(t *testing.T) {
	inWorld(t, func(w *world) {
		w.rollback(w.twoDeploys())
		_, err := w.prepare().Astro.Create(w.Context(), deployment, astro.CreateDeploy{Type: astro.TypeDagOnly, Description: "aborted"})
		require.NoError(w, err)
		w.write("c.py", "c")
		w.after(syncer.Held)
		w.same("a.py", w.live())
	})
}

func TestRollback_whileHeldIsToldAndReleasedWithTheHold(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.twoDeploys()
		w.rollback(first)
		w.sweep(syncer.Held)
		w.byHand("hot.py")
		wait(time.Minute)
		w.rollback(first)
		assert.NotEmpty(w, w.sweep(syncer.Held).Notes)
		assert.Empty(w, w.sweep(syncer.Held).Notes, "once")
		w.edit(func(s *state.State) { s.Held = nil; s.Redeploy = &state.Redeploy{Why: state.Released, ID: "r"} })
		w.after(syncer.Deployed)
		w.same("a.py b.py", w.live())
	})
}

func TestRollback_betweenAskAndCreateIsFoundByTheNextSweep(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.twoDeploys()
		w.write("c.py", "c")
		w.sim.Fault(astrotest.Fault{Op: "deployment", Skip: 1, Count: -1, Status: 503}) // verify cannot ask
		_, err := w.between(w.Context(), &unkind{put: func(key string) error {
			if strings.Contains(key, "/manifests/") {
				w.rollback(first)
			}
			return nil
		}})
		require.Equal(w, fault.Transient, fault.Of(err), "%v", err)
		w.sim.ClearFaults()
		w.after(syncer.Unchanged) // the intent came true, and is recorded
		w.sweep(syncer.Held)
	})
}

func TestRejection_thatCannotBeToldIsNotRemembered(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Transient, fault.Denied} {
		t.Run(kind.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("b.py", "broken")
				r, err := w.between(w.Context(), &unkind{put: func(string) error { return fault.As(kind, errors.New("no put")) }})
				w.same(fault.Transient, fault.Of(err), "its event comes back")
				assert.Contains(w, r.Reason, "b.py:1:1")
				assert.Empty(w, w.state().Holder)
				assert.Nil(w, w.state().Rejected)
			})
		})
	}
}

func TestRejection_beforeTheRuntimeWasAskedIsToldOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.target.Runtime = syncer.Runtime{}
		w.after(syncer.Rejected) // an empty bucket
		records := len(w.records())
		w.after(syncer.Rejected)
		w.sweep(syncer.Rejected)
		w.same(records, len(w.records()))
	})
}

func TestRejection_overridesAndSettingsNeedNoNewMarker(t *testing.T) {
	inWorld(t, func(w *world) {
		w.target.Marker = "_READY"
		w.write("_READY", "")
		w.after(syncer.Rejected)
		w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.ByCommand, Overrides: syncer.Overrides{AllowDeletions: true}})
	})
	inWorld(t, func(w *world) {
		w.target.Marker = "_READY"
		w.write("b.py", "broken")
		w.write("_READY", "")
		w.after(syncer.Rejected)
		w.target.Check.Warn = true
		w.sweep(syncer.Deployed)
	})
}

func TestAdopt_takesOverThoughNothingChanged(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		wait(time.Minute)
		w.sim.Deploy(deployment, state.Describe("otherlineage", 7, "run", "sha256:00", ""), w.archive("other.py"))
		w.sweep(syncer.Denied)
		w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.ByCommand, Overrides: syncer.Overrides{Adopt: true}})
		w.same("a.py", w.live())
		w.sweep(syncer.Unchanged)
	})
}

func TestIntent_thatLandedBeforeAHoldGoesOn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		r, err := w.between(w.Context(), &unkind{swapped: func(n int) error {
			if n != 2 {
				return nil
			}
			w.edit(func(s *state.State) { s.Held = &state.Hold{By: "ann"} })
			return fault.As(fault.Transient, errors.New("the answer was lost"))
		}})
		require.NoError(w, err)
		w.same(syncer.Deployed, r.Outcome)
		assert.Nil(w, w.state().Intent)
		w.same("ann", w.state().Held.By)
	})
}

func TestRelease_thatFailsBringsAHeldEventBack(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.twoDeploys()
		w.rollback(first)
		w.write("c.py", "c")
		_, err := w.between(w.Context(), &unkind{swapped: func(n int) error {
			if n < 2 {
				return nil
			}
			w.edit(func(s *state.State) { s.Fence += 10; s.Holder = "another" }) // who took the lease meanwhile
			return fault.As(fault.Transient, errors.New("the answer was lost"))
		}})
		require.Equal(w, fault.Busy, fault.Of(err), "%v", err)
	})
}

func TestFinalize_ofAnEarlierRunThatLandsLateIsDeployedOver(t *testing.T) {
	for name, times := range map[string]int{"once": 1, "twice": 2} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("a.py", "a")
				w.after(syncer.Deployed)
				description := w.sim.Deploys(deployment)[0].Description
				wait(time.Minute)
				w.write("a.py", "a2")
				kind := w.transport
				w.transport = later{kind, func(path string) {
					if strings.HasSuffix(path, "/finalize") && times > 0 {
						times--
						wait(time.Second)
						w.sim.Deploy(deployment, description, w.archive("late.py"))
					}
				}}
				if times == 2 {
					w.after(syncer.Busy)
					assert.Empty(w, w.state().Holder)
					require.NotNil(w, w.state().Intent)
				}
				w.after(syncer.Deployed)
				w.same("a.py", w.live())
				assert.Nil(w, w.state().Intent)
			})
		})
	}
}

func TestCancel_givesTheLeaseBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		ctx, cancel := context.WithCancel(w.Context())
		w.opened = func(string) { cancel() }
		_, err := w.between(ctx, &unkind{})
		require.Equal(w, fault.Transient, fault.Of(err), "%v", err)
		assert.Empty(w, w.state().Holder)

		w.opened = nil
		ctx, cancel = context.WithCancel(w.Context())
		_, err = w.between(ctx, &unkind{swapped: func(n int) error {
			if n == 2 {
				cancel() // after the intent, before finalize
			}
			return nil
		}})
		require.Equal(w, fault.Transient, fault.Of(err), "%v", err)
		assert.Empty(w, w.state().Holder, "nothing was sent, so nobody has to wait")
		w.same(0, w.deploys())
		w.after(syncer.Deployed)
	})
}
