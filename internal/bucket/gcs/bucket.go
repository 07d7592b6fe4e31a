// Package gcs is a prefix of a Cloud Storage bucket as dagferry needs it: listed completely, read in the generation that
// was listed and never another, its state written by compare-and-swap, with the store's own time at hand. A listing has
// size and generation, so that no object's metadata is ever asked for.
//
// Requests that fail in passing are repeated, each call at most five times, with a pause that is drawn from a window
// that doubles. That is safe for every call: reads are pinned or newest, a Put is the same bytes again, and a Swap has
// its condition, so that a repetition never overwrites what it did not see. When a Swap's first try landed and only its
// answer was lost, the repetition is answered 412 and the Swap ends as ErrConflict; when no try was answered, its
// outcome is unknown. Either way its caller reads again, as the protocol has it. A write that comes too soon after the
// last one of the same object (429, about one a second is allowed) is repeated alike: if it was too soon because
// somebody else wrote, the repetition is ErrConflict.
//
// Objects are read as they are stored: one with Content-Encoding: gzip stays compressed, as S3 and a mounted bucket
// show it, since a listing tells that size and no other. Every storage class can be read at once, Archive too. Versions
// that are noncurrent or soft-deleted are not listed.
package gcs

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
)

// maxValue is how large an object may be that Get holds in memory: three times the previous bundle of 20,000 files
// (20 MB compressed), the largest that dagferry writes. A larger one is not ours.
const maxValue = 64 << 20

// Options may stay zero.
type Options struct {
	// Transport sends the requests, credentials and all; a new one when nil. Buckets may share one (NewTransport).
	Transport http.RoundTripper
	// Endpoint is the address of a stand-in, such as http://127.0.0.1:4443; what STORAGE_EMULATOR_HOST says when empty.
	// A stand-in is called without credentials unless there is a Transport.
	Endpoint string
	// IAM is the address of a stand-in for IAM's credentials API; Google's own when empty.
	IAM string
	// RequesterPays has the process's own project pay for requests to a bucket whose owner does not
	// (gcpsdk.StorageProject).
	RequesterPays bool
	// Attempts is how often a request is sent at most; 5 when zero.
	Attempts int
	// MaxValue in bytes is the largest object that Get reads; 64 MiB when zero.
	MaxValue int64
	// Now is the asker's clock for bucket.Stamp; time.Now when nil.
	Now func() time.Time
}

// Bucket is one prefix of a Cloud Storage bucket. It implements bucket.Bucket, and may be used by many goroutines.
type Bucket struct {
	bucket   *storage.BucketHandle
	at       location
	endpoint string // of a stand-in, or ""
	iam      string
	attempts int32
	maxValue int64
	requests *counter
}

var _ bucket.Bucket = (*Bucket)(nil)

// Open makes a Bucket of gs://bucket/prefix. The prefix is a folder's: it gets a "/" at its end unless it is empty. No
// request is sent to it. Errors are fault.Denied.
func Open(ctx context.Context, address string, o Options) (*Bucket, error) {
	at, err := parse(address)
	if err != nil {
		return nil, fault.As(fault.Denied, err)
	}
	b := &Bucket{at: at, iam: o.IAM, attempts: attempts, maxValue: maxValue, requests: &counter{}}
	if o.Attempts != 0 {
		b.attempts = int32(o.Attempts) //nolint:gosec // a handful
	}
	if o.MaxValue != 0 {
		b.maxValue = o.MaxValue
	}
	if b.endpoint, err = standIn(o.Endpoint); err != nil {
		return nil, fault.As(fault.Denied, fmt.Errorf("open %s: %w", b.URL(""), err))
	}
	client, err := newClient(ctx, o, b.endpoint, b.requests)
	if err != nil {
		return nil, fault.As(fault.Denied, fmt.Errorf("open %s: %w", b.URL(""), err))
	}
	b.bucket = client.Bucket(at.bucket)
	if o.RequesterPays {
		project, err := gcpsdk.StorageProject(ctx)
		if err != nil {
			return nil, fmt.Errorf("open %s: who pays for requests: %w", b.URL(""), err)
		}
		b.bucket = b.bucket.UserProject(project)
	}
	return b, nil
}

func newClient(ctx context.Context, o Options, endpoint string, requests *counter) (*storage.Client, error) {
	w := watcher{next: o.Transport, now: o.Now, count: requests}
	if w.now == nil {
		w.now = time.Now
	}
	// Without authentication, because the transport does that: the client looks for credentials of its own otherwise.
	options := []option.ClientOption{storage.WithJSONReads(), option.WithoutAuthentication(), option.WithHTTPClient(&http.Client{Transport: &w})}
	if endpoint != "" {
		options = append(options, option.WithEndpoint(endpoint+"/storage/v1/"))
	}
	if w.next == nil {
		w.next = transportTo(endpoint)
	}
	return storage.NewClient(ctx, options...)
}

// NewTransport is one that all buckets of a process may share, with its connections and tokens. It sends credentials
// unless STORAGE_EMULATOR_HOST names a stand-in.
func NewTransport() http.RoundTripper { return transportTo(os.Getenv("STORAGE_EMULATOR_HOST")) }

func transportTo(standIn string) http.RoundTripper {
	if standIn != "" {
		return gcpsdk.NewAnonymousTransport()
	}
	return gcpsdk.NewTransport()
}

// standIn is the address of a stand-in, or "". The variable is the client library's own, which takes a host without a
// scheme for one that speaks HTTP.
func standIn(endpoint string) (string, error) {
	if endpoint == "" {
		endpoint = os.Getenv("STORAGE_EMULATOR_HOST")
	}
	if endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		u, err = url.Parse("http://" + endpoint)
	}
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%q is no address of a server (STORAGE_EMULATOR_HOST)", endpoint)
	}
	return u.Scheme + "://" + u.Host, nil
}

// URL is gs://bucket/prefix/key.
func (b *Bucket) URL(key string) string { return b.at.url(key) }

// Requests is how many requests were sent so far, repetitions counted, by kind: get, list, put, head, delete.
func (b *Bucket) Requests() map[string]int { return b.requests.snapshot() }
