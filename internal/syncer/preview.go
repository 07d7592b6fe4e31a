package syncer

import (
	"context"

	"github.com/dagferry/dagferry/internal/fault"
)

// Preview gathers and checks what a run would deploy, without the lease, the state and the guards that depend on it, and writes
// nothing. It is for what should fail before an image is built for it; Run checks again.
func (s Syncer) Preview(ctx context.Context, t Target, why Trigger) (Record, error) {
	r := s.newRun(t, why)
	defer r.discard()
	err := r.preview(ctx)
	r.fill(err)
	return r.record, err
}

func (r *run) preview(ctx context.Context) error {
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
	return r.parse(ctx)
}
