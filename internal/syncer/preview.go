package syncer

import (
	"context"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/fault"
)

// Preview finds what a run would end with, but for what passes by waiting: a hold, DAGs of somebody else's, what the Deployment does not
// take, guards, checks. It takes no lease and deploys nothing; of the state it writes only what a sweep does, that a person rolled back. It is for what should
// fail before an image is built, or the Deployment configured, for it; Run finds it again. Without sources it is of an image alone.
func (s Syncer) Preview(ctx context.Context, t Target, why Trigger) (Record, error) {
	r := s.newRun(t, why)
	defer r.discard()
	err := r.preview(ctx)
	r.fill(err)
	if isHeld(err) {
		return r.record, nil
	}
	return r.record, err
}

func (r *run) preview(ctx context.Context) error {
	err := r.readState(ctx)
	busy := err != nil && fault.Of(err) == fault.Busy
	if err != nil && !busy {
		return err
	}
	if err := r.ask(ctx); err != nil {
		return err
	}
	if err := r.admitted(r.asked.deployment); err != nil {
		return err
	}
	if len(r.Sources) == 0 {
		return r.previewHold(ctx, r.rolledBack(), busy)
	}
	if err := r.previewDags(ctx); err != nil {
		return err
	}
	if err := r.mayDeploy(r.asked.deployment); err != nil {
		return err
	}
	found, err := r.judge(r.read.State)
	if err != nil {
		return err
	}
	return r.previewHold(ctx, found.hold, busy)
}

// previewDags gathers and checks.
func (r *run) previewDags(ctx context.Context) error {
	l, err := r.list(ctx)
	if err != nil {
		return err
	}
	r.listed = l
	same, err := r.gather(ctx)
	if err != nil {
		return err
	}
	if !same {
		return fault.Errorf(fault.Busy, "%s changed while it was read", r.sources())
	}
	return r.check(ctx)
}

// previewHold ends with a person's rollback. While another run is at work, that one or Run sees to it.
func (r *run) previewHold(ctx context.Context, d *astro.Deploy, busy bool) error {
	if d == nil || busy {
		return nil
	}
	if err := r.rememberNow(ctx, situation{hold: d}); err != nil {
		return err
	}
	return r.heldBy(rollbackHold(*d))
}
