package gcs

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

const (
	// attempts are what AWS's SDK is given in package awssdk, for like requests and the same leases.
	attempts = 5

	// firstPause is what Cloud Storage asks for between two writes of one object. A pause is drawn from up to it, then up
	// to twice and four times and eight times that: half a minute at most, eight seconds on average.
	firstPause = time.Second
	lastPause  = 8 * time.Second
)

// watcher sends each request of the client library, inside its repetitions: it sees every one, and the Date of every
// answer, a refusal's too.
type watcher struct {
	next  http.RoundTripper
	now   func() time.Time
	count *counter
}

// RoundTrip implements http.RoundTripper.
func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	c, ok := r.Context().Value(callKey{}).(*call)
	if !ok {
		c = &call{most: attempts}
	}
	kind := kindOf(r)
	if c.sent.Add(1) > c.most && kind == "get" {
		return nil, errTooOften
	}
	w.count.add(kind)
	if kind == "get" {
		// The header that makes Cloud Storage send the bytes as they are stored. The client library sets it for XML reads
		// only: for JSON reads its ReadCompressed is refused by a check within itself.
		r = r.Clone(r.Context())
		r.Header.Set("Accept-Encoding", "gzip")
	}
	began := w.now()
	answer, err := w.next.RoundTrip(r)
	arrived := w.now()
	if err != nil {
		c.at.Store(&bucket.Stamp{})
		return nil, err
	}
	c.at.Store(new(stamp(answer.Header, began, arrived)))
	answer.Body = &connection{answer.Body}
	return answer, nil
}

// errTooOften ends a read whose connection broke time and again: the client library opens it anew without counting.
var errTooOften = fault.Errorf(fault.Transient, "the connection broke too often")

// connection marks what goes wrong while an answer is read: HTTP/2's errors have no type of their own.
type connection struct{ io.ReadCloser }

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fault.As(fault.Transient, err)
	}
	return n, err
}

// call is one call of the client library: how often it sent a request, how often that failed, and what time its last
// answer told.
type call struct {
	most         int32
	sent, failed atomic.Int32
	at           atomic.Pointer[bucket.Stamp]
}

type callKey struct{}

// watched is a context for one call.
func (b *Bucket) watched(ctx context.Context) (context.Context, *call) {
	c := &call{most: b.attempts}
	return context.WithValue(ctx, callKey{}, c), c
}

// stamp is the time of the last answer, zero when no answer came.
func (c *call) stamp() bucket.Stamp {
	if at := c.at.Load(); at != nil {
		return *at
	}
	return bucket.Stamp{}
}

// again has the client library repeat the call, whatever it holds for safe, up to the most that is allowed: without
// that, it stops with the context only.
func (c *call) again() []storage.RetryOption {
	return []storage.RetryOption{
		storage.WithPolicy(storage.RetryAlways),
		storage.WithErrorFunc(func(err error) bool { return storage.ShouldRetry(err) && c.failed.Add(1) < c.most }),
		storage.WithBackoff(gax.Backoff{Initial: firstPause, Max: lastPause, Multiplier: 2}),
	}
}

// stamp is zero without a Date that can be read: no guess is better than none.
func stamp(h http.Header, began, arrived time.Time) bucket.Stamp {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return bucket.Stamp{}
	}
	return bucket.Stamp{Date: date, Began: began, Arrived: arrived}
}

// kindOf is the verb of a request to the JSON API.
func kindOf(r *http.Request) string {
	switch path := r.URL.EscapedPath(); {
	case r.Method == http.MethodPost || r.Method == http.MethodPut:
		return "put"
	case r.Method == http.MethodDelete:
		return "delete"
	case r.URL.Query().Get("alt") == "media":
		return "get"
	case strings.Contains(path, "/o/"):
		return "head"
	case strings.HasSuffix(path, "/o"):
		return "list"
	default:
		return "other"
	}
}

type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counter) add(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[kind]++
}

func (c *counter) snapshot() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]int{"get": 0, "list": 0, "put": 0, "head": 0}
	maps.Copy(all, c.counts)
	return all
}
