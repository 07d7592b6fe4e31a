package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/syncer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// watcher reads the records that runs leave in the state, as a person with the run history would.
type watcher struct {
	records bucket.Bucket
	seen    map[string]bool
}

func (c *cloud) watcher(ctx context.Context) (*watcher, error) {
	records, err := c.open(ctx, fmt.Sprintf("s3://%s/state/%s/runs/", stateBucket, deployment))
	return &watcher{records, map[string]bool{}}, err
}

// open opens a prefix of the demo's S3 server.
func (c *cloud) open(ctx context.Context, url string) (bucket.Bucket, error) {
	return s3.Open(ctx, url, s3.Options{Config: &aws.Config{
		Region: region, BaseEndpoint: aws.String(c.store.URL()),
		Credentials: credentials.NewStaticCredentialsProvider("demo", "demo", ""),
	}})
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
	// patience is far beyond what a step takes: settling (3 s), the queue's window (1 s), a busy message's return
	// (5 to 30 s).
	patience = 2 * time.Minute
	pollEach = 200 * time.Millisecond
)

// quiet waits until the queue is empty and at rest, and returns the runs that ended meanwhile. At least one is waited
// for.
func (c *cloud) quiet(ctx context.Context, w *watcher) ([]syncer.Record, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the function did not come to rest within %s", patience))
	defer cancel()
	var ended []syncer.Record
	for {
		news, err := w.news(ctx)
		if err != nil {
			return nil, err
		}
		ended = append(ended, news...)
		s := c.events.Stats()
		if len(ended) > 0 && s.Visible+s.InFlight == 0 && len(c.function.Running()) == 0 {
			return ended, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pollEach):
		}
	}
}
