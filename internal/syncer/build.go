package syncer

import (
	"context"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/state"
)

// Build is what a git pipeline deploys: the DAGs of a commit, an image, or both. A target that has one is a pipeline's.
type Build struct {
	// Git is the commit, nil if what is deployed is of none.
	Git *astro.Git
	// Image is nil for DAGs alone.
	Image *Image
	// Words are for people, after dagferry's own in the deploy's description.
	Words string
	// Still fails if this should not go out after all. It is asked under the lease, after the DAGs were read, about what Astro says of the
	// Deployment and of its newest deploys then; nil never fails.
	Still func(context.Context, astro.Deployment, []astro.Deploy) error
}

// Image is an image that is built and checked, and not yet where Astro wants it.
type Image struct {
	// Digest is the manifest's.
	Digest string
	// Prebuilt: it was not built from the commit, which the deploy's description says.
	Prebuilt bool
	// Push makes it the image of a repository's tag.
	Push func(ctx context.Context, repository, tag string) error
}

// git is the commit that a deploy is recorded with.
func (r *run) git() *astro.Git {
	if r.Build == nil {
		return nil
	}
	return r.Build.Git
}

// image is what a deploy brings besides DAGs, or nil.
func (r *run) image() *Image {
	if r.Build == nil {
		return nil
	}
	return r.Build.Image
}

// still asks the build whether it should go out.
func (r *run) still(ctx context.Context) error {
	if r.Build == nil || r.Build.Still == nil {
		return nil
	}
	return r.Build.Still(ctx, r.asked.deployment, r.asked.deploys)
}

// idle reports whether nothing is under way or due. An image is.
func (r *run) idle(s state.State) bool { return s.Idle() && r.image() == nil }

// from is where the DAGs of this run come from, as the state remembers it.
func (r *run) from() string {
	if r.Build == nil {
		return ""
	}
	return fromGit
}

const fromGit = "git"

// command is what makes such a run by hand.
func (r *run) command() string {
	if r.Build == nil {
		return "dagferry sync"
	}
	return "dagferry deploy"
}

// sameWay refuses to replace DAGs that came to the Deployment by the other way, a pipeline's or a bucket's: the two would undo
// each other, each with every change of its own.
func (r *run) sameWay() error {
	last := r.state().Deployed
	if last == nil || last.From == r.from() || r.why.Adopt {
		return nil
	}
	if last.From == fromGit {
		return r.reject(fault.Errorf(fault.Rejected, "a pipeline deployed the DAGs of the Deployment %s from git (deploy %s), and these would undo that. "+
			"If they are to come from %s, write pipeline.dags: bucket in the repository's dagferry.yaml, and run dagferry sync --adopt once", r.Deployment, last.DeployID, r.sources()))
	}
	return r.reject(fault.Errorf(fault.Rejected, "the DAGs of the Deployment %s come from a bucket (deploy %s), and those from git would undo that. "+
		"To leave them, write pipeline.dags: bucket; to replace them, take the target's sources out wherever it is synced, and run dagferry deploy --adopt once", r.Deployment, last.DeployID))
}

// pushImage puts the image where Astro will look for it.
func (r *run) pushImage(ctx context.Context, d astro.Deploy) error {
	image := r.image()
	if image == nil {
		return nil
	}
	defer r.step("push the image")()
	if d.ImageRepository == "" || d.ImageTag == "" {
		return fault.Errorf(fault.Broken, "Astro says no repository and tag for the image of deploy %s", d.ID)
	}
	return image.Push(ctx, d.ImageRepository, d.ImageTag)
}

// Image makes one run that brings an image and leaves the DAGs alone; kind is IMAGE_ONLY, or IMAGE_AND_DAG on a Deployment whose
// DAGs are in its image. It takes the same lease, and respects the same holds, as those that bring DAGs.
func (s Syncer) Image(ctx context.Context, t Target, kind string, why Trigger) (Record, error) {
	r := s.newRun(t, why)
	err := r.conclude(ctx, r.doImage(ctx, kind))
	return r.record, err
}

func (r *run) doImage(ctx context.Context, kind string) error {
	r.noteToken()
	if err := r.readState(ctx); err != nil {
		return err
	}
	if err := r.acquire(ctx, ""); err != nil {
		return err
	}
	return r.release(ctx, r.imageUnderLease(ctx, kind))
}

func (r *run) imageUnderLease(ctx context.Context, kind string) error {
	gather, cancel := r.leased(ctx)
	defer cancel()
	p, err := r.prepareImage(gather, kind)
	if err != nil {
		return err
	}
	return r.commit(ctx, func(ctx context.Context) error { return r.announce(ctx, p) }, func(ctx context.Context) error {
		if p.deploy, err = r.sendFinalize(ctx, p); err != nil {
			return err
		}
		r.recordDeploy(p)
		return nil
	})
}

// prepareImage is all but the finalize.
func (r *run) prepareImage(ctx context.Context, kind string) (*prepared, error) {
	if err := r.ask(ctx); err != nil {
		return nil, err
	}
	if err := r.admitted(r.asked.deployment); err != nil {
		return nil, err
	}
	if err := r.heldByRollback(); err != nil {
		return nil, err
	}
	if err := r.still(ctx); err != nil {
		return nil, err
	}
	words := "no DAGs"
	if kind != astro.TypeImageOnly {
		words = "with the DAGs in it"
	}
	d, err := r.create(ctx, kind, r.image().Digest, words)
	if err != nil {
		return nil, err
	}
	return &prepared{deploy: d}, r.pushImage(ctx, d)
}

// heldByRollback is held by a person's rollback that the image would undo, as judge is for DAGs.
func (r *run) heldByRollback() error {
	d := r.rolledBack()
	if d == nil {
		return nil
	}
	found := situation{hold: d}
	r.tellOutOfBand(found)
	r.finish = r.remember(found)
	return r.heldBy(rollbackHold(*d))
}

// rolledBack is a person's rollback that nobody saw yet, or nil.
func (r *run) rolledBack() *astro.Deploy {
	var since time.Time
	if last := r.state().Deployed; last != nil {
		since = last.Asked
	}
	return r.asked.unseenRollback(r.state(), since)
}

// announce writes down that finalize comes, and renews the lease so that it outlives that, unless somebody held the target meanwhile.
func (r *run) announce(ctx context.Context, p *prepared) error {
	return r.lease.Renew(ctx, r.Budgets.Finalize+afterFinalize, func(s *state.State) error {
		if s.Held != nil {
			return r.heldBy(s.Held)
		}
		s.Finalizing = p.deploy.ID
		return nil
	})
}
