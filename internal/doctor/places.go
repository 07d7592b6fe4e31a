package doctor

import (
	"context"
	"time"

	"github.com/dagferry/dagferry/internal/syncer"
)

// places reads the state and lists the sources.
func (e *examining) places(ctx context.Context) {
	opened, err := e.Opener.Target(ctx, e.of)
	if err != nil {
		e.found(Blocks, "state", "", "%v", err)
		return
	}
	e.state(ctx, opened)
	for _, s := range opened.Sources {
		where := s.Bucket.URL("")
		listing, err := s.Bucket.List(ctx)
		switch {
		case err != nil:
			e.found(Blocks, "sources", "", "%s: %v", where, err)
		case len(listing.Objects) == 0:
			e.found(Warning, "sources", "upload DAGs, or mend the address", "%s holds nothing, which the guard refuses", where)
		default:
			e.found(OK, "sources", "", "%s can be listed (objects: %d)", where, len(listing.Objects))
		}
	}
}

// state reads the state. Whether it can be written, only a run finds out.
func (e *examining) state(ctx context.Context, opened syncer.Target) {
	status, err := syncer.Syncer{}.Status(ctx, opened)
	if err != nil {
		e.found(Blocks, "state", "", "%v", err)
		return
	}
	if h := status.State.Held; h != nil {
		e.found(Blocks, "state", "to end it: dagferry release --target "+e.of.Name, "held by %s since %s UTC: %s", h.By, h.At.UTC().Format(time.DateTime), h.Reason)
		return
	}
	e.found(OK, "state", "", "%s can be read", status.StateURL)
}
