package syncer

import (
	"context"
	"fmt"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
	"github.com/dagferry/dagferry/internal/state"
)

// view is what Astro said of the Deployment.
type view struct {
	deployment astro.Deployment
	// deploys are the newest ones, newest first.
	deploys []astro.Deploy
}

// looked is how many deploys are looked through for the live one and for people's: a Deployment would need as many
// image-only deploys after its last DAGs to hide them.
const looked = 100

// ask asks Astro for the Deployment and its newest deploys.
func (r *run) ask(ctx context.Context) error {
	defer r.step("ask Astro")()
	d, err := r.Astro.Deployment(ctx, r.Deployment)
	if err != nil {
		return err
	}
	deploys, err := r.Astro.Deploys(ctx, r.Deployment, looked)
	if err != nil {
		return err
	}
	r.asked = &view{d, deploys}
	return nil
}

// live is the newest deploy that carries the DAGs that the Deployment was told to run, and has not failed. A version
// alone names no deploy: a rollback carries an older one's, also one that goes back to an image-only deploy.
func (v *view) live() *astro.Deploy {
	version := v.deployment.DesiredDagTarballVersion
	if version == "" {
		return nil
	}
	for i, d := range v.deploys {
		if d.DagTarballVersion == version && d.Status != astro.StatusFailed && !imageOnly(d) {
			return &v.deploys[i]
		}
	}
	return nil
}

// imageOnly reports whether a deploy leaves the DAGs alone.
func imageOnly(d astro.Deploy) bool { return d.Type == astro.TypeImageOnly && !d.IsRollback() }

// newest is when the newest deploy was created.
func (v *view) newest() time.Time {
	if len(v.deploys) == 0 {
		return time.Time{}
	}
	return v.deploys[0].CreatedAt
}

// whose is who a deploy comes from.
type whose int

const (
	ours whose = iota
	anotherDagferrys
	persons
	rollback // never ours, whatever its description says
)

func origins(d astro.Deploy, s state.State) (whose, state.Tag) {
	tag, ok := state.ParseTag(d.Description)
	switch {
	case d.IsRollback():
		return rollback, tag
	case !ok:
		return persons, tag
	case tag.Lineage != s.Lineage && !mutant.LeavesOut(mutant.Lineage):
		return anotherDagferrys, tag
	}
	return ours, tag
}

// unseenRollback is a person's rollback that a next upload would undo: not seen yet, younger than since, and with no
// finished deploy of a person's after it. Whether it is live does not matter: a late finalize of ours may have covered it.
func (v *view) unseenRollback(s state.State, since time.Time) *astro.Deploy {
	for i, d := range v.deploys {
		if !d.CreatedAt.After(since) || s.Seen != nil && !d.CreatedAt.After(s.Seen.CreatedAt) {
			return nil
		}
		if d.Status == astro.StatusFailed || imageOnly(d) {
			continue
		}
		switch who, _ := origins(d, s); who {
		case rollback:
			return &v.deploys[i]
		case persons:
			if d.Status == astro.StatusDeployed {
				return nil
			}
		case ours, anotherDagferrys:
		}
	}
	return nil
}

// situation is what follows from a view.
type situation struct {
	// hold is a person's rollback, seen a person's ordinary deploy; both have to be remembered and told.
	hold, seen *astro.Deploy
	// drift means that what is live is not what was deployed, though nobody meant it; foreign, that it is another
	// dagferry's, and this run may replace it.
	drift, foreign bool
}

// judge applies the rules of "Out of band and drift". It fails where the operator or the author has to decide.
func (r *run) judge(s state.State) (situation, error) {
	v := r.asked
	if s.Deployed != nil && !mutant.LeavesOut(mutant.ByID) {
		if d := v.unseenRollback(s, s.Deployed.Asked); d != nil {
			return situation{hold: d}, nil
		}
	}
	live := v.live()
	if live == nil {
		return situation{drift: s.Deployed != nil}, nil
	}
	if s.Deployed != nil && sameDeploy(live, s.Deployed.DeployID, s.Deployed.DagVersion) {
		return situation{}, nil
	}
	switch who, tag := origins(*live, s); {
	case who == ours:
		return situation{drift: !mutant.LeavesOut(mutant.VerifyAndSweep)}, nil
	case who == anotherDagferrys && !r.why.Adopt:
		return situation{}, fault.Errorf(fault.Denied, "another dagferry (lineage %s) serves the Deployment %s; this one is %s, with its state in %s. "+
			"Let one of them go, or, if the other's state was lost, run %s --adopt", tag.Lineage, r.Deployment, lineageOf(s), r.store.URL(), r.command())
	case s.Deployed == nil && !r.Adopt && !r.why.Adopt:
		return situation{}, r.reject(fault.Errorf(fault.Rejected, "the Deployment %s has DAGs that dagferry did not deploy (deploy %s of %s, %q). "+
			"To replace them by those of %s, set adopt: true or run %s --adopt",
			r.Deployment, live.ID, live.CreatedAt.Format(time.DateTime), live.Description, r.sources(), r.command()))
	case who == anotherDagferrys:
		return situation{foreign: true}, nil
	case who == persons && s.Deployed != nil && (s.Seen == nil || live.CreatedAt.After(s.Seen.CreatedAt)):
		return situation{seen: live}, nil
	}
	return situation{}, nil
}

// sameDeploy compares by id: a version alone names no deploy.
func sameDeploy(d *astro.Deploy, id, version string) bool {
	if mutant.LeavesOut(mutant.ByID) {
		return d.DagTarballVersion == version
	}
	return d.ID == id
}

func lineageOf(s state.State) string {
	if s.Lineage == "" {
		return "new"
	}
	return "lineage " + s.Lineage
}

// lookAround asks Astro what is live, without the lease: for a sweep, and for a person who takes a Deployment over. It
// tells why a deploy is due although nothing changed, if one is; what people did it remembers and tells.
func (r *run) lookAround(ctx context.Context) (due string, err error) {
	if r.why.Kind != BySweep && !r.why.Adopt {
		return "", nil
	}
	if err := r.ask(ctx); err != nil {
		return "", err
	}
	var found situation
	if r.read.Deployed != nil { // else the first run's rules wait for step 8
		if found, err = r.judge(r.read.State); err != nil {
			return "", err
		}
	}
	held := r.read.Held != nil
	if held && found.drift {
		r.note("what is live is not what dagferry deployed last; while it is held, that stays so")
	}
	if found.hold != nil || found.seen != nil {
		if err := r.rememberNow(ctx, found); err != nil {
			return "", err
		}
	}
	switch {
	case r.read.Held != nil:
		return "", r.heldBy(r.read.Held)
	case r.why.Adopt && found.foreign:
		return state.Forced, nil
	case found.drift:
		return state.Drift, nil
	}
	return "", nil
}

// rememberNow writes what people did into the state, without the lease, after it was told.
func (r *run) rememberNow(ctx context.Context, found situation) (err error) {
	r.tellOutOfBand(found)
	r.fill(nil)
	if err := r.store.SaveRun(ctx, r.id, r.record); err != nil {
		return err
	}
	r.read, err = r.store.Change(ctx, r.read, r.remember(found))
	return err
}

// remember is the change of state that an out-of-band deploy asks for.
func (r *run) remember(found situation) func(*state.State) {
	at := r.store.Time(r.newest())
	return func(s *state.State) {
		if d := found.seen; d != nil {
			s.Seen = &state.Seen{DeployID: d.ID, CreatedAt: d.CreatedAt}
		}
		if d := found.hold; d != nil {
			s.Seen = &state.Seen{DeployID: d.ID, CreatedAt: d.CreatedAt}
			if s.Held == nil {
				s.Held = &state.Hold{By: subject(*d), Reason: fmt.Sprintf("rolled back to deploy %s by deploy %s", d.RollbackFromID, d.ID), At: at}
			}
		}
	}
}

func (r *run) tellOutOfBand(found situation) {
	if d := found.seen; d != nil {
		r.note(fmt.Sprintf("%s deployed DAGs by hand (deploy %s of %s, %q); the next change of the bucket replaces them",
			subject(*d), d.ID, d.CreatedAt.Format(time.DateTime), d.Description))
	}
	if d := found.hold; d != nil {
		r.note(fmt.Sprintf("%s rolled back to deploy %s (deploy %s of %s): held until somebody releases it",
			subject(*d), d.RollbackFromID, d.ID, d.CreatedAt.Format(time.DateTime)))
	}
}

// subject names who made a deploy.
func subject(d astro.Deploy) string {
	switch {
	case d.CreatedBy.APITokenName != "":
		return "the API token " + d.CreatedBy.APITokenName
	case d.CreatedBy.ID != "":
		return "the user " + d.CreatedBy.ID
	}
	return "somebody"
}
