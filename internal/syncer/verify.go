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

// verify is the end of step 8: what is live, by id, decides what is recorded.
func (r *run) verify(ctx context.Context, p *prepared) error {
	if err := r.askUntilLive(ctx, p); err != nil {
		return err
	}
	intent := *r.lease.Intent
	r.finish = func(s *state.State) {
		r.deployed(s, intent)
		if s.Redeploy != nil && s.Redeploy.ID == intent.RedeployID {
			s.Redeploy = nil
		}
		s.Rejected = nil
	}
	live := r.asked.live()
	if live == nil {
		r.finish = nil
		return fault.Errorf(fault.Transient, "deploy %s is finished, and Astro shows no DAGs as live", p.deploy.ID)
	}
	if late := r.overtaking(p); late != nil {
		r.finishWith(situation{hold: late})
		r.note("a rollback overtook this deploy")
		r.recordDeploy(p)
		return nil
	}
	if sameDeploy(live, p.deploy.ID, p.dagVersion) || mutant.LeavesOut(mutant.VerifyAndSweep) {
		r.recordDeploy(p)
		return nil
	}
	switch who, tag := origins(*live, r.lease.State); who {
	case ours:
		r.finish = nil
		if tag.Fence > r.lease.Fence {
			return fault.Errorf(fault.Busy, "a later run (fence %d) deployed %s meanwhile", tag.Fence, live.ID)
		}
		return fmt.Errorf("%w: deploy %s of an earlier run landed after %s", errAgain, live.ID, p.deploy.ID)
	case persons:
		r.finishWith(situation{seen: live})
	case anotherDagferrys:
		r.note(fmt.Sprintf("another dagferry (lineage %s) deployed %s over this deploy; let one of them go", tag.Lineage, live.ID))
	case rollback: // one that was seen and released: ours has to replace it
		r.finish = nil
		return fault.Errorf(fault.Transient, "deploy %s is finished, and Astro still shows the rollback %s as live", p.deploy.ID, live.ID)
	}
	r.recordDeploy(p)
	return nil
}

// overtaking is a rollback that somebody made while this run was deploying.
func (r *run) overtaking(p *prepared) *astro.Deploy {
	return r.asked.unseenRollback(r.lease.State, p.newest)
}

// finishWith adds to the release what people did.
func (r *run) finishWith(found situation) {
	record, remember := r.finish, r.remember(found)
	r.finish = func(s *state.State) { record(s); remember(s) }
	r.tellOutOfBand(found)
}

// settleLive is how long Astro may go on showing what was live before, after it said that a deploy is finished.
const settleLive = 10 * time.Second

// askUntilLive asks what is live until it is no longer what was live before.
func (r *run) askUntilLive(ctx context.Context, p *prepared) error {
	for end := r.now().Add(settleLive); ; {
		if err := r.ask(ctx); err != nil {
			return err
		}
		live := r.asked.live()
		if live != nil && live.ID != p.wasLive || !r.now().Before(end) {
			return nil
		}
		if err := Sleep(ctx, pollEvery/2); err != nil {
			return err
		}
	}
}

func (r *run) recordDeploy(p *prepared) {
	d := p.deploy
	r.record.Deploy = &DeployRecord{ID: d.ID, Type: d.Type, DagVersion: p.dagVersion, CreatedAt: d.CreatedAt}
	if image := r.image(); image != nil {
		r.record.Deploy.ImageTag = d.ImageTag
		r.record.Deploy.Image = fmt.Sprintf("%s:%s@%s", d.ImageRepository, d.ImageTag, image.Digest)
	}
	r.record.LagSeconds = r.lag()
}

// lag is how long ago, by the store's clock, the newest of what this run made live was written, in seconds; nil when
// nothing was written since the deploy before.
func (r *run) lag() *float64 {
	newest := r.why.Newest
	var before, now time.Time
	if last := r.read.Deployed; last != nil {
		before = last.At
	}
	for _, l := range r.listed.bySource {
		if n := l.Newest(); n.After(before) && n.After(newest) {
			newest = n
		}
		now = l.At.Latest(r.now())
	}
	if newest.IsZero() {
		return nil
	}
	lag := max(0, now.Sub(newest).Seconds())
	return &lag
}
