package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/syncer"
)

// watcher reads the records that runs leave in the state, as a person with the run history would.
type watcher struct {
	records bucket.Bucket
	seen    map[string]bool
}

func watch(ctx context.Context, c cloud) (*watcher, error) {
	records, err := c.open(ctx, fmt.Sprintf("%s://%s/state/%s/runs/", c.scheme(), stateBucket, deployment))
	return &watcher{records, map[string]bool{}}, err
}

// news are the records that were not seen yet, in order. A rejected run's record is complete from its first writing.
func (w *watcher) news(ctx context.Context) ([]syncer.Record, error) {
	listing, err := w.records.List(ctx)
	if err != nil {
		return nil, err
	}
	var found []syncer.Record
	for _, o := range listing.Objects {
		if w.seen[o.Key] {
			continue
		}
		v, err := w.records.Get(ctx, o.Key)
		if err != nil {
			return nil, err
		}
		var r syncer.Record
		if err := json.Unmarshal(v.Data, &r); err != nil {
			return nil, fmt.Errorf("read the run %s: %w", o.Key, err)
		}
		w.seen[o.Key] = true
		found = append(found, r)
	}
	return found, nil
}

const (
	// patience is far beyond what a step takes: settling (3 s), a queue's window (1 s), a message's return (5 to
	// 30 s).
	patience = 2 * time.Minute
	pollEach = 200 * time.Millisecond
)

// quiet waits until no event is waiting and the function is at rest, and returns the runs that ended meanwhile. At least
// one is waited for.
func (w *watcher) quiet(ctx context.Context, c cloud) ([]syncer.Record, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the function did not come to rest within %s", patience))
	defer cancel()
	var ended []syncer.Record
	for {
		news, err := w.news(ctx)
		if err != nil {
			return nil, err
		}
		ended = append(ended, news...)
		if len(ended) > 0 && c.atRest() {
			return ended, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pollEach):
		}
	}
}
