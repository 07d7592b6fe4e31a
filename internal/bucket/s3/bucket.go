// Package s3 is a prefix of an S3 bucket as dagferry needs it: listed completely, read in the version that was listed
// and never another, its state written by compare-and-swap, with the store's own time at hand. A listing has size and
// ETag, so that no HEAD is ever sent.
//
// It speaks to every server that has conditional reads and writes (If-Match on GET and PUT, If-None-Match on PUT).
// A server without them must not be used: runs that cannot see each other lose updates.
package s3

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

// maxValue is how large an object may be that Get holds in memory: three times the previous bundle of 20,000 files
// (20 MB compressed), the largest that dagferry writes. A larger one is not ours.
const maxValue = 64 << 20

// Options may stay zero.
type Options struct {
	// Config replaces awssdk.Config, the SDK's default chain.
	Config *aws.Config
	// Region of the bucket, where it is not the configuration's.
	Region string
	// RoleARN is a role to assume first, for a bucket of another account.
	RoleARN string
	// ExpectedOwner is the id of the account that must own the bucket; S3 refuses when another does, which protects
	// from a bucket that was deleted and made anew by a stranger.
	ExpectedOwner string
	// RequesterPays accepts the costs of reading a bucket whose owner does not.
	RequesterPays bool
	// MaxValue in bytes is the largest object that Get reads; 64 MiB when zero.
	MaxValue int64
	// Now is the asker's clock for bucket.Stamp; time.Now when nil.
	Now func() time.Time
}

// Bucket is one prefix of an S3 bucket. It implements bucket.Bucket, and may be used by many goroutines.
type Bucket struct {
	client   *s3.Client
	at       location
	owner    *string
	payer    types.RequestPayer
	maxValue int64
	requests *counter
}

var _ bucket.Bucket = (*Bucket)(nil)

// Open makes a Bucket of s3://bucket/prefix. The prefix is a folder's: it gets a "/" at its end unless it is empty.
// No request is sent, but for credentials or a region that the chain has to ask for. Errors are fault.Denied.
func Open(ctx context.Context, url string, o Options) (*Bucket, error) {
	at, err := parse(url)
	if err != nil {
		return nil, fault.As(fault.Denied, err)
	}
	cfg, err := configuration(ctx, o)
	if err != nil {
		return nil, err
	}
	b := &Bucket{at: at, maxValue: o.MaxValue, requests: &counter{}}
	if b.maxValue == 0 {
		b.maxValue = maxValue
	}
	if o.ExpectedOwner != "" {
		b.owner = &o.ExpectedOwner
	}
	if o.RequesterPays {
		b.payer = types.RequestPayerRequester
	}
	b.client = newClient(cfg, watcher{now: clock(o.Now), count: b.requests})
	if b.client.Options().Region == "" {
		return nil, fault.Errorf(fault.Denied, "open %s: no AWS region: set AWS_REGION", b.URL(""))
	}
	return b, nil
}

func configuration(ctx context.Context, o Options) (aws.Config, error) {
	var cfg aws.Config
	if o.Config != nil {
		cfg = o.Config.Copy()
	} else {
		loaded, err := awssdk.Config(ctx, o.Region)
		if err != nil {
			return aws.Config{}, err
		}
		cfg = loaded
	}
	if o.Region != "" {
		cfg.Region = o.Region
	}
	if o.RoleARN != "" {
		cfg = awssdk.AssumeRole(cfg, o.RoleARN, "dagferry")
	}
	return cfg, nil
}

func newClient(cfg aws.Config, w watcher) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		if o.BaseEndpoint != nil {
			o.UsePathStyle = true // such as MinIO's: bucket names do not resolve below every host
			if o.Region == "" {
				o.Region = "us-east-1" // what servers that are not AWS take for any region
			}
		}
		// The SDK's default adds a CRC32 to every PUT, over TLS as a trailer of a chunked body, which servers other than
		// S3 refuse; and asks for one with every GET. A PUT is covered by the SHA-256 of its signature already, which
		// every server checks, and a GET by TLS, its length and the ETag that it is pinned to.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.APIOptions = append(o.APIOptions, w.install, installListAnswer)
	})
}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// URL is s3://bucket/prefix/key.
func (b *Bucket) URL(key string) string { return b.at.url(key) }

// Requests is how many requests were sent so far, retries counted, by kind: get, list, put, head, delete.
func (b *Bucket) Requests() map[string]int { return b.requests.snapshot() }
