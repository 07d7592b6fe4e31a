package syncer_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// pushed are the images that a pipeline pushed, as repository:tag.
type pushed []string

// build makes the world's runs a pipeline's, with an image if to is one.
func (w *world) build(to *pushed) {
	w.target.Build = &syncer.Build{Git: &astro.Git{Provider: "GENERIC", RemoteURL: "https://git.example.com/dags", Branch: "main", CommitSHA: commit}}
	if to != nil {
		w.target.Build.Image = &syncer.Image{Digest: "sha256:1234", Push: func(_ context.Context, repository, tag string) error {
			*to = append(*to, repository+":"+tag)
			return nil
		}}
	}
}

func (w *world) fromGit(want syncer.Outcome) syncer.Record {
	w.Helper()
	return w.expect(want, syncer.Trigger{Kind: syncer.ByPipeline})
}

// image makes a run with an image alone.
func (w *world) image() (syncer.Record, error) {
	return syncer.Syncer{}.Image(w.Context(), w.prepare(), astro.TypeImageOnly, syncer.Trigger{Kind: syncer.ByPipeline})
}

func (w *world) lastDeploy() astrotest.Deploy {
	return w.sim.Deploys(deployment)[0] // newest first
}

func TestBuild_dagsOfACommit(t *testing.T) {
	inWorld(t, func(w *world) {
		w.build(nil)
		w.write("a.py", "1")
		r := w.fromGit(syncer.Deployed)
		w.same("DAG_ONLY", r.Deploy.Type)
		w.same("a.py", w.live())
		w.same("git", w.state().Deployed.From)
		assert.Contains(w, string(w.lastDeploy().Git), commit)
	})
}

func TestBuild_imageAndDags(t *testing.T) {
	inWorld(t, func(w *world) {
		w.build(nil)
		w.write("a.py", "1")
		w.fromGit(syncer.Deployed)
		var images pushed
		w.build(&images)
		r := w.fromGit(syncer.Deployed) // though the DAGs are those that are live
		d := w.lastDeploy()
		w.same("IMAGE_AND_DAG", d.Type)
		w.same(pushed{d.ImageRepository + ":" + d.ImageTag}, images)
		w.same(d.ImageRepository+":"+d.ImageTag+"@sha256:1234", r.Deploy.Image)
		w.same("a.py", w.live())
		w.same(d.ID, w.state().Deployed.DeployID)
	})
}

func TestBuild_imageThatCannotBePushed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.build(new(pushed))
		w.target.Build.Image.Push = func(context.Context, string, string) error { return errors.New("the registry is down") }
		w.fromGit(syncer.Failed)
		w.same("", w.live())
		_, err := w.image()
		require.ErrorContains(w, err, "the registry is down")
		w.same(0, w.deploys())
		w.same("", w.state().Holder, "the lease is given back")
	})
}

func TestImage_leavesTheDagsAlone(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.after(syncer.Deployed) // a function's
		before := w.state().Deployed
		var images pushed
		w.build(&images)
		r, err := w.image()
		require.NoError(w, err)
		w.same(syncer.Deployed, r.Outcome)
		d := w.lastDeploy()
		w.same("IMAGE_ONLY", d.Type)
		w.same(astro.StatusDeployed, d.Status)
		w.same(pushed{d.ImageRepository + ":" + d.ImageTag}, images)
		w.same("a.py", w.live())
		w.same(before, w.state().Deployed)
		w.same(int64(2), w.state().Fence)
		w.target.Build = nil
		w.sweep(syncer.Unchanged) // and the function finds nothing to mend
	})
}

func TestImage_waitsForNobodyAndOvertakesNobody(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.after(syncer.Deployed)
		w.edit(func(s *state.State) { s.Fence, s.Holder, s.LeaseUntil = 9, "other", time.Now().Add(time.Minute) })
		w.build(new(pushed))
		r, err := w.image()
		w.same(syncer.Busy, r.Outcome)
		w.same(fault.Busy, fault.Of(err))
		w.same(1, w.deploys())
	})
}

func TestImage_respectsAHold(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.after(syncer.Deployed)
		w.edit(func(s *state.State) { s.Held = &state.Hold{By: "ann", Reason: "freeze"} })
		w.build(new(pushed))
		r, err := w.image()
		require.NoError(w, err)
		w.same(syncer.Held, r.Outcome)
		w.same(1, w.deploys())
	})
}

func TestImage_isHeldMeanwhile(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.after(syncer.Deployed)
		w.build(new(pushed))
		w.target.Build.Image.Push = func(context.Context, string, string) error {
			w.edit(func(s *state.State) { s.Held = &state.Hold{By: "ann", Reason: "freeze"} })
			return nil
		}
		r, err := w.image()
		require.NoError(w, err)
		w.same(syncer.Held, r.Outcome)
		w.same(1, w.deploys())
		w.same("", w.state().Holder)
	})
}

// While DAG-only deploys are off, a deploy has no place for DAGs: what a lost answer told of is found all the same.
func TestImage_lostAnswerLeavesNothingHalfMade(t *testing.T) {
	inWorld(t, func(w *world) {
		off := false
		w.sim.Update(deployment, astrotest.Settings{IsDagDeployEnabled: &off})
		w.build(new(pushed))
		w.sim.Fault(astrotest.Fault{Op: "create", Drop: true, When: "after"})
		r, err := w.image()
		require.NoError(w, err)
		w.same(syncer.Deployed, r.Outcome)
		w.same(1, len(w.sim.Deploys(deployment)))
	})
}

func TestBuild_thatShouldNotGoOutAfterAll(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.build(new(pushed))
		w.target.Build.Still = func(_ context.Context, d astro.Deployment, newest []astro.Deploy) error {
			w.same(deployment, d.ID)
			assert.Empty(w, newest)
			return fault.Errorf(fault.Rejected, "another one was faster")
		}
		r := w.fromGit(syncer.Rejected)
		w.same("another one was faster", r.Reason)
		assert.Nil(w, w.state().Rejected, "the next one may be deployed")
		_, err := w.image()
		w.same(fault.Rejected, fault.Of(err))
		assert.Empty(w, w.sim.Deploys(deployment))
	})
}

func TestPreview_findsWhatARunWouldEndWith(t *testing.T) {
	preview := func(w *world) (syncer.Record, error) {
		return syncer.Syncer{}.Preview(w.Context(), w.prepare(), syncer.Trigger{Kind: syncer.ByPipeline})
	}
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.after(syncer.Deployed)
		w.build(nil)
		_, err := preview(w)
		require.ErrorContains(w, err, "come from a bucket")
		w.same(fault.Rejected, fault.Of(err))
	})
	inWorld(t, func(w *world) {
		w.build(nil)
		_, err := preview(w)
		require.ErrorContains(w, err, "guard.minFiles")

		w.write("a.py", "1")
		w.fromGit(syncer.Deployed)
		before := w.state()
		_, err = preview(w)
		require.NoError(w, err)
		w.same(before, w.state(), "it writes nothing")

		first := w.lastDeploy().ID
		wait(time.Minute)
		_, err = w.sim.Rollback(deployment, first, "it was better")
		require.NoError(w, err)
		r, err := preview(w)
		require.NoError(w, err)
		w.same(syncer.Held, r.Outcome)
		assert.NotNil(w, w.state().Held, "so that somebody can release it")
		r, err = preview(w)
		require.NoError(w, err)
		w.same(syncer.Held, r.Outcome)
	})
	inWorld(t, func(w *world) {
		w.build(nil)
		w.write("a.py", "1")
		off := false
		w.sim.Update(deployment, astrotest.Settings{IsDagDeployEnabled: &off})
		_, err := preview(w)
		w.same(fault.Denied, fault.Of(err))
	})
}

// A rollback that the next image undoes is no rollback.
func TestImage_isHeldByARollback(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.after(syncer.Deployed)
		first := w.lastDeploy().ID
		w.build(new(pushed))
		_, err := w.image()
		require.NoError(w, err)
		wait(time.Minute)
		_, err = w.sim.Rollback(deployment, first, "it was better")
		require.NoError(w, err)
		r, err := w.image()
		require.NoError(w, err)
		w.same(syncer.Held, r.Outcome)
		assert.Contains(w, r.Reason, "rolled back by deploy")
		assert.NotNil(w, w.state().Held)
	})
}

func TestBuild_aBucketAndAPipelineAtOneDeployment(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.after(syncer.Deployed)
		w.write("b.py", "1")
		w.build(nil)
		r := w.fromGit(syncer.Rejected)
		assert.Contains(w, r.Reason, "come from a bucket")
		w.same("a.py", w.live())
		w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.ByPipeline, Overrides: syncer.Overrides{Adopt: true}})
		w.same("a.py b.py", w.live())

		w.target.Build = nil
		w.write("c.py", "1")
		r = w.after(syncer.Rejected)
		assert.Contains(w, r.Reason, "from git")
		w.sweep(syncer.Rejected)
		w.same("a.py b.py", w.live())
		w.same(2, w.deploys())
	})
}
