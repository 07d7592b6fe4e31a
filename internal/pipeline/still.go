package pipeline

import (
	"context"
	"path"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/fault"
)

// still is asked last, under the lease: building takes minutes, in which a build of a newer commit may have been faster, and somebody may have
// changed the working tree.
func (w *work) still(ctx context.Context, d astro.Deployment, newest []astro.Deploy) error {
	if err := w.unchanged(ctx); err != nil || w.AllowOlder {
		return err
	}
	h := history{deployment: d, deploys: newest}
	if w.withImage() {
		if err := w.Plan.overtaken(ctx, w.Plan.ImageBase, h.base(ofImage())); err != nil {
			return err
		}
	}
	if !w.withDags() {
		return nil
	}
	return w.Plan.overtaken(ctx, w.Plan.DagBase, h.base(ofDags()))
}

// unchanged refuses DAGs that were read from something else than the plan is of.
func (w *work) unchanged(ctx context.Context) error {
	repo := repository{w.Plan.Root}
	head, err := repo.commit(ctx, "HEAD")
	if err != nil {
		return err
	}
	if head != w.Plan.Head {
		return fault.Errorf(fault.Rejected, "%s was checked out while %s was deployed: deploy again", short(head), short(w.Plan.Head))
	}
	if !w.withDags() {
		return nil
	}
	dirty, err := repo.dirty(ctx)
	for _, c := range dirty {
		if _, dag := below(c.path, path.Join(w.Plan.Project, dagsFolder)); dag && c.status != "?" && !w.Plan.takesAlong(c.path) { // new files are not taken
			return fault.Errorf(fault.Rejected, "%s changed while it was deployed, and that is in no commit. Leave the folder alone, and deploy again", Quoted(c.path))
		}
	}
	return err
}

// overtaken refuses to undo what was deployed of a newer commit since the plan was made.
func (p Plan) overtaken(ctx context.Context, planned, now Base) error {
	if now.Commit == "" || now.Commit == p.Head || now.Deploy == planned.Deploy {
		return nil
	}
	repo := repository{p.Root}
	known, err := repo.commit(ctx, now.Commit)
	if err != nil {
		return err
	}
	if known == "" {
		return fault.Errorf(fault.Rejected, "another build deployed %s meanwhile (deploy %s), which is not in this clone, so that it may be newer: deploying %s would undo it then. "+
			"Fetch, and look at dagferry plan; or use --allow-older", short(now.Commit), now.Deploy, short(p.Head))
	}
	older, err := repo.isAncestor(ctx, p.Head, now.Commit)
	if older {
		return fault.Errorf(fault.Rejected, "another build deployed %s meanwhile (deploy %s), and %s is older: deploying it would undo that. If that is what you want, use --allow-older",
			short(now.Commit), now.Deploy, short(p.Head))
	}
	return err
}
