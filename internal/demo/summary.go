package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/dagferry/dagferry/internal/bundle"
)

// Summary is how a demo ended.
type Summary struct {
	Uploads  int `json:"uploads"`
	Deploys  int `json:"deploys"`
	Rejected int `json:"rejected"`
	// BurstDeploys is how many deploys the burst became.
	BurstDeploys int `json:"burstDeploys"`
	// LiveDigest is the manifest digest of what Astro has live, BucketDigest that of the bucket, read separately.
	LiveDigest   string `json:"liveDigest"`
	BucketDigest string `json:"bucketDigest"`
	LiveFiles    int    `json:"liveFiles"`
}

// compare asks Astro what is live, reads the whole bucket by itself, and fails when the two are not the same.
func (t *tour) compare(ctx context.Context) error {
	live := []bundle.Entry{}
	for _, f := range t.astro.Live(deployment) {
		live = append(live, bundle.Entry{Path: f.Path, Size: f.Size, SHA256: f.SHA256})
	}
	held, err := t.readBucket(ctx)
	if err != nil {
		return err
	}
	s := &t.summary
	s.Deploys, s.LiveFiles = t.deploys(), len(live)
	s.LiveDigest = bundle.NewManifest(bundle.LayoutDags, live).Digest()
	s.BucketDigest = bundle.NewManifest(bundle.LayoutDags, held).Digest()
	t.say("\nlive at Astro:  %s, %s", plural(len(live), "file"), s.LiveDigest)
	t.say("in the bucket:  %s, %s", plural(len(held), "file"), s.BucketDigest)
	if s.LiveDigest != s.BucketDigest {
		return fmt.Errorf("what is live is not what the bucket holds")
	}
	t.say("%s, %s, %d rejected.", plural(s.Uploads, "upload"), plural(s.Deploys, "deploy"), s.Rejected)
	return nil
}

// readBucket reads every object below the prefix.
func (t *tour) readBucket(ctx context.Context) ([]bundle.Entry, error) {
	b, err := t.open(ctx, t.dags())
	if err != nil {
		return nil, err
	}
	listing, err := b.List(ctx)
	if err != nil {
		return nil, err
	}
	var entries []bundle.Entry
	for _, o := range listing.Objects {
		r, err := b.Open(ctx, o)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(r)
		_ = r.Close() // only read
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		entries = append(entries, bundle.Entry{Path: o.Key, Size: int64(len(body)), SHA256: hex.EncodeToString(sum[:])})
	}
	return entries, nil
}
