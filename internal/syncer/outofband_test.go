package syncer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

func TestOutOfBand_firstRunDoesNotReplaceSomebodysDags(t *testing.T) {
	inWorld(t, func(w *world) {
		w.byHand("theirs.py")
		w.write("a.py", "a")
		r := w.after(syncer.Rejected)
		assert.Contains(w, r.Reason, "--adopt")
		w.same("theirs.py", w.live())
		w.after(syncer.Rejected)
		w.target.Adopt = true
		w.after(syncer.Deployed)
		w.same("a.py", w.live())
	})
}

func TestOutOfBand_adoptOnTheCommandLine(t *testing.T) {
	inWorld(t, func(w *world) {
		w.byHand("theirs.py")
		w.write("a.py", "a")
		w.after(syncer.Rejected)
		w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.ByCommand, Overrides: syncer.Overrides{Adopt: true}})
		w.same("a.py", w.live())
	})
}

func TestOutOfBand_rollbackIsHeldUntilReleased(t *testing.T) {
	for name, notice := range map[string]func(w *world){
		"by a sweep":       func(w *world) { w.sweep(syncer.Held) },
		"by a run's own":   func(w *world) { w.after(syncer.Held) },
		"by both together": func(w *world) { w.after(syncer.Held); w.sweep(syncer.Held) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("a.py", "a")
				first := w.after(syncer.Deployed).Deploy.ID
				wait(time.Minute)
				w.write("b.py", "b")
				w.after(syncer.Deployed)
				wait(time.Minute)
				back, err := w.sim.Rollback(deployment, first, "b.py is bad")
				require.NoError(w, err)
				w.same("a.py", w.live())

				w.write("c.py", "c")
				notice(w)
				w.same("a.py", w.live(), "a rollback that the next upload undoes is no rollback")
				require.NotNil(w, w.state().Held)
				w.same(back.ID, w.state().Seen.DeployID)
				w.after(syncer.Held)
				assert.Empty(w, w.state().Holder)

				w.edit(func(s *state.State) { s.Held = nil; s.Redeploy = &state.Redeploy{Why: state.Released, ID: "r"} })
				w.after(syncer.Deployed)
				w.same("a.py b.py c.py", w.live())
				w.sweep(syncer.Unchanged)
			})
		})
	}
}

func TestOutOfBand_personsDeployIsToldOnceAndSuperseded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		wait(time.Minute)
		w.byHand("hot.py")
		r := w.sweep(syncer.Unchanged)
		require.Len(w, r.Notes, 1)
		w.same("hot.py", w.live())
		assert.Empty(w, w.sweep(syncer.Unchanged).Notes)
		w.write("b.py", "b")
		w.after(syncer.Deployed)
		w.same("a.py b.py", w.live())
	})
}

func TestOutOfBand_driftIsRepairedByTheSweep(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		wait(time.Minute)
		w.write("a.py", "a2")
		w.after(syncer.Deployed)
		// An earlier fence's finalize lands late: a deploy of ours that the state does not know.
		late := w.sim.Deploy(deployment, strings.Replace(w.sim.Deploys(deployment)[0].Description, " f2 ", " f1 ", 1), w.archive("late.py"))
		w.same("late.py", w.live())
		w.after(syncer.Unchanged)
		w.sweep(syncer.Deployed)
		w.same("a.py", w.live())
		assert.NotEqual(w, late.ID, w.state().Deployed.DeployID)
		assert.Nil(w, w.state().Redeploy)
		w.sweep(syncer.Unchanged)
	})
}

func TestOutOfBand_anotherDagferryIsDenied(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		wait(time.Minute)
		w.sim.Deploy(deployment, state.Describe("otherlineage", 7, "run", "sha256:00", ""), w.archive("other.py"))
		w.write("b.py", "b")
		r := w.after(syncer.Denied)
		assert.Contains(w, r.Reason, "otherlineage")
		assert.Contains(w, r.Reason, w.state().Lineage)
		r = w.sweep(syncer.Denied)
		assert.Contains(w, r.Reason, "otherlineage")
		w.same("other.py", w.live())
		w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.ByCommand, Overrides: syncer.Overrides{Adopt: true}})
		w.same("a.py b.py", w.live())
	})
}

func TestOutOfBand_holdBetweenAcquireAndIntentFinalizesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.opened = func(string) {
			w.opened = nil
			w.edit(func(s *state.State) { s.Held = &state.Hold{By: "ann", Reason: "release freeze"} })
		}
		r := w.after(syncer.Held)
		assert.Contains(w, r.Reason, "release freeze")
		w.same(0, w.deploys())
		assert.Nil(w, w.state().Intent)
		assert.Empty(w, w.state().Holder)
		w.same("ann", w.state().Held.By, "the release did not lose the hold")
	})
}

func TestOutOfBand_rollbackDuringADeployIsHeld(t *testing.T) {
	inWorldOf(t, astrotest.Options{FinalizeTakes: 10 * time.Second}, func(w *world) {
		w.write("a.py", "a")
		first := w.after(syncer.Deployed).Deploy.ID
		wait(time.Minute)
		w.write("b.py", "b")
		go func() {
			wait(8 * time.Second) // settled and uploaded, finalize under way
			_, err := w.sim.Rollback(deployment, first, "")
			assert.NoError(w, err)
		}()
		r := w.after(syncer.Deployed)
		require.NotNil(w, w.state().Held, "%v", r.Notes)
		assert.Contains(w, strings.Join(r.Notes, "\n"), "overtook")
		w.after(syncer.Held)
	})
}

func TestCrash_intentThatCameTrueIsRecorded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		w.edit(func(s *state.State) { // as if the run had died right after finalize
			s.Intent, s.Deployed = s.Deployed, nil
			s.Intent.At = time.Time{}
		})
		r := w.after(syncer.Unchanged)
		assert.NotEmpty(w, r.Notes)
		w.same(1, w.deploys())
		assert.Nil(w, w.state().Intent)
		require.NotNil(w, w.state().Deployed)
	})
}

func TestCrash_intentThatDidNotComeTrueIsNotBelieved(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		w.edit(func(s *state.State) { // as if a later run had died before finalize
			intent := *s.Deployed
			intent.DeployID, intent.Digest = "another", "sha256:00"
			s.Intent = &intent
		})
		w.after(syncer.Deployed)
		w.same(2, w.deploys(), "nothing to do is concluded only without an open intent")
		assert.Nil(w, w.state().Intent)
	})
}
