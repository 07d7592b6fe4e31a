package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
	"github.com/dagferry/dagferry/internal/state"
)

// recordIntent is the end of step 4: an intent that a dead run left, and that came true, is recorded. Any other stays
// open until a later intent replaces it.
func (r *run) recordIntent(ctx context.Context) error {
	intent := r.lease.Intent
	if intent == nil || mutant.LeavesOut(mutant.TakeOver) {
		return nil
	}
	if err := r.ask(ctx); err != nil {
		return err
	}
	live := r.asked.live()
	if live == nil || live.ID != intent.DeployID || live.Status != astro.StatusDeployed {
		return nil
	}
	r.note("an earlier run deployed " + intent.DeployID + " and could not write it down; that is done now")
	return r.lease.Update(ctx, func(s *state.State) error {
		r.deployed(s, *intent)
		if s.Redeploy != nil && s.Redeploy.Why == state.Drift {
			s.Redeploy = nil
		}
		return nil
	})
}

// deployed records an intent that came true.
func (r *run) deployed(s *state.State, intent state.Deploy) {
	intent.At = r.store.Time(r.lease.Snapshot)
	s.Deployed = &intent
	s.Intent = nil
}

// prepared is a deploy that only finalize is missing to.
type prepared struct {
	deploy     astro.Deploy
	dagVersion string
	// newest is when the newest deploy was created that this run knew of when it asked.
	newest time.Time
	// wasLive is the id of the deploy that was live then.
	wasLive string
	// found is what people did, to be remembered with the intent.
	found situation
}

// prepare is step 8 up to the upload.
func (r *run) prepare(ctx context.Context) (*prepared, error) {
	if err := r.ask(ctx); err != nil {
		return nil, err
	}
	if err := r.mayDeploy(r.asked.deployment); err != nil {
		return nil, err
	}
	found, err := r.judge(r.lease.State)
	if err != nil {
		return nil, err
	}
	r.tellOutOfBand(found)
	if found.hold != nil {
		r.finish = r.remember(found)
		return nil, r.heldBy(rollbackHold(*found.hold))
	}
	if err := r.still(ctx); err != nil {
		return nil, err
	}
	p := &prepared{newest: r.asked.newest(), found: found}
	if live := r.asked.live(); live != nil {
		p.wasLive = live.ID
	}
	if err := r.store.SaveManifest(ctx, r.bundled.digest, r.bundled.manifest); err != nil {
		return nil, err
	}
	return p, r.upload(ctx, p)
}

// mayDeploy finds what would make Astro refuse the deploy, before anything is sent.
func (r *run) mayDeploy(d astro.Deployment) error {
	if err := r.admitted(d); err != nil {
		return err
	}
	if !d.IsDagDeployEnabled {
		return fault.Errorf(fault.Denied, "the Deployment %s does not take DAG-only deploys. Switch them on: astro deployment update %s --dag-deploy enable", d.ID, d.ID)
	}
	if d.Type == astro.DeploymentHybrid && !r.AllowHybrid {
		return fault.Errorf(fault.Denied, "the Deployment %s is a Hybrid one: Astro's own CLI adds a monitoring DAG to each of its deploys, "+
			"and dagferry would remove it. If that does not matter, set allowHybrid: true", d.ID)
	}
	return nil
}

// admitted finds that Astro takes no deploys by this token.
func (r *run) admitted(d astro.Deployment) error {
	if d.IsCicdEnforced && r.Astro.Claims().IsPerson() {
		return fault.Errorf(fault.Denied, "CI/CD is enforced on the Deployment %s, and the token is a person's: Astro refuses its deploys. %s", d.ID, astro.MakeToken)
	}
	return nil
}

// rollbackHold is the hold that a person's rollback is.
func rollbackHold(d astro.Deploy) *state.Hold {
	return &state.Hold{By: subject(d), Reason: "rolled back by deploy " + d.ID, At: d.CreatedAt}
}

func (r *run) upload(ctx context.Context, p *prepared) (err error) {
	archive, done, err := r.archive()
	if err != nil {
		return err
	}
	defer done()
	defer r.step("upload")()
	if p.deploy, err = r.createWithDags(ctx); err != nil {
		return err
	}
	if p.deploy.UploadURL.IsZero() {
		return fault.Errorf(fault.Denied, "Astro offers no place for the DAGs of deploy %s: DAG-only deploys are switched off for the Deployment %s", p.deploy.ID, r.Deployment)
	}
	r.record.Bytes = archive.Size
	if p.dagVersion, err = r.Astro.Upload(ctx, p.deploy.UploadURL, archive, archive.Size); err != nil {
		return err
	}
	return r.pushImage(ctx, p.deploy) // after the DAGs, whose URL does not live long
}

// archive is what is sent, and what is to be called when it was.
func (r *run) archive() (*bundle.Archive, func(), error) {
	grouped := r.bundled.archive
	if !r.Single {
		return grouped, func() {}, nil
	}
	defer r.step("pack as one")()
	single, err := grouped.Single(r.TempDir)
	if err != nil {
		return nil, nil, err
	}
	return single, func() { _ = single.Close() }, nil // a temporary file
}

func (r *run) createWithDags(ctx context.Context) (astro.Deploy, error) {
	words := fmt.Sprintf("%d files, +%d ~%d -%d", r.record.Files, len(r.record.Added), len(r.record.Changed), len(r.record.Removed))
	kind := astro.TypeDagOnly
	if r.image() != nil {
		kind = astro.TypeImageAndDag
	}
	return r.create(ctx, kind, r.bundled.digest, words)
}

// create begins a deploy. After a lost answer it takes the one that this run may have made already, so that no
// deploys are left behind half made.
func (r *run) create(ctx context.Context, kind, digest, words string) (astro.Deploy, error) {
	switch image := r.image(); {
	case image == nil:
	case image.Prebuilt:
		words = state.PrebuiltImage + ", " + words
	default:
		words = "image, " + words
	}
	if r.Build != nil && r.Build.Words != "" {
		words += ": " + r.Build.Words
	}
	request := astro.CreateDeploy{
		Type: kind, Git: r.git(),
		Description: state.Describe(r.lease.Lineage, r.lease.Fence, r.id, digest, words),
	}
	d, err := r.Astro.Create(ctx, r.Deployment, request)
	if err == nil || astro.Refused(err) || astro.NotApplied(err) || ctx.Err() != nil {
		return d, err
	}
	d, found, lookErr := r.begun(ctx)
	if found || lookErr != nil {
		return d, lookErr
	}
	return r.Astro.Create(ctx, r.Deployment, request)
}

// begun finds the deploy that this run created without learning of it.
func (r *run) begun(ctx context.Context) (d astro.Deploy, found bool, err error) {
	deploys, err := r.Astro.Deploys(ctx, r.Deployment, looked)
	if err != nil {
		return d, false, err
	}
	for _, d := range deploys {
		if tag, ok := state.ParseTag(d.Description); !ok || tag.Run != r.id || d.Status != astro.StatusInitialized {
			continue
		}
		// A list does not tell upload URLs; the deploy itself may. An image alone needs none, and may have none.
		if d, err = r.Astro.Deploy(ctx, r.Deployment, d.ID); err != nil || r.bundled == nil || !d.UploadURL.IsZero() {
			return d, err == nil, err
		}
	}
	return astro.Deploy{}, false, nil
}

// errHeldMeanwhile is a hold that came between acquire and intent.
var errHeldMeanwhile = errors.New("held meanwhile")

// intend writes the intent, and the lease that outlives finalize, in one compare-and-swap.
func (r *run) intend(ctx context.Context, p *prepared) error {
	defer r.step("write the intent")()
	intent := state.Deploy{
		Digest: r.bundled.digest, Key: r.listed.key, DeployID: p.deploy.ID, DagVersion: p.dagVersion,
		From: r.from(), CreatedAt: p.deploy.CreatedAt, Asked: p.newest, Fence: r.lease.Fence, Markers: r.listed.markers, Listing: r.listed.contents, Bounds: r.listed.bounds(),
	}
	remember := r.remember(p.found)
	var hold *state.Hold
	budget := r.Budgets.Finalize + afterFinalize
	if mutant.LeavesOut(mutant.LongLease) {
		budget = r.Budgets.Gather
	}
	err := r.lease.Renew(ctx, budget, func(s *state.State) error {
		landed := s.Intent != nil && s.Intent.DeployID == intent.DeployID
		if hold = s.Held; hold != nil && !landed && !mutant.LeavesOut(mutant.HoldAwareRebase) { // one that landed before the hold goes on
			return errHeldMeanwhile
		}
		if s.Redeploy != nil {
			intent.RedeployID = s.Redeploy.ID
		}
		s.Intent = &intent
		remember(s)
		return nil
	})
	if errors.Is(err, errHeldMeanwhile) {
		return r.heldBy(hold)
	}
	return err
}

// finalize makes the upload live, and verifies that it is.
func (r *run) finalize(ctx context.Context, p *prepared) error {
	d, err := r.sendFinalize(ctx, p)
	if err != nil {
		return err
	}
	p.deploy = d
	return r.verify(ctx, p)
}

func (r *run) sendFinalize(ctx context.Context, p *prepared) (astro.Deploy, error) {
	defer r.step("finalize")()
	if ctx.Err() != nil {
		return astro.Deploy{}, context.Cause(ctx) // nothing was sent, so the lease need not be kept
	}
	finalize, cancel := context.WithTimeout(ctx, r.Budgets.Finalize)
	defer cancel()
	r.record.Sent = p.deploy.ID
	d, err := r.Astro.Finalize(finalize, r.Deployment, p.deploy.ID, p.dagVersion)
	if err != nil && (astro.Refused(err) || astro.NotApplied(err)) {
		r.record.Sent = ""
		return d, err // the intent stays: it says what was meant
	}
	if err != nil || d.Status != astro.StatusDeployed && d.Status != astro.StatusFailed {
		d, err = r.poll(ctx, p.deploy.ID, err)
	}
	if err == nil && d.Status == astro.StatusFailed {
		r.record.Sent = ""
		err = fault.Errorf(fault.Transient, "Astro could not make the deploy %s live: it FAILED. What was live stays live", d.ID)
	}
	return d, err
}

const (
	// pollFor is how long the fate of an unanswered finalize is asked for. Users measured 4–17 s for a deploy; one
	// that takes longer is found by the run after this lease.
	pollFor = 60 * time.Second
	// pollEvery is far below Astro's limit of 25 reads a second.
	pollEvery = 2 * time.Second
)

// poll asks what became of a deploy. While that is unknown, nobody may begin: lease and intent are kept.
func (r *run) poll(ctx context.Context, id string, cause error) (astro.Deploy, error) {
	for end := r.now().Add(pollFor); r.now().Before(end); {
		d, err := r.Astro.Deploy(ctx, r.Deployment, id)
		if err == nil && (d.Status == astro.StatusDeployed || d.Status == astro.StatusFailed) {
			return d, nil
		}
		if err != nil {
			cause = err
		}
		if Sleep(ctx, pollEvery) != nil {
			break
		}
	}
	r.keepLease = true
	if cause == nil {
		cause = errors.New("it is not finished")
	}
	return astro.Deploy{}, fault.Errorf(fault.Busy, "finalize deploy %s: whether it became live is unknown (%w); the next run after %s finds out",
		id, cause, r.lease.LeaseUntil.Format(time.TimeOnly))
}
