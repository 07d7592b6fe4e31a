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
