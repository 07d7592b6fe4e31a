package s3

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/dagferry/dagferry/internal/bucket"
)

// watcher stands in the SDK's stack right before the wire, inside its retries: it sees every request, and the Date of
// every answer, a refusal's too. A retried call so tells the time of its last answer, with that attempt's begin.
type watcher struct {
	now   func() time.Time
	count *counter
}

func (w watcher) install(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("dagferry", w.attempt), middleware.After)
}

func (w watcher) attempt(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	w.count.add(kind(awsmiddleware.GetOperationName(ctx)))
	began := w.now()
	out, metadata, err := next.HandleDeserialize(ctx, in)
	arrived := w.now()
	if at, ok := ctx.Value(stampKey{}).(*bucket.Stamp); ok {
		*at = bucket.Stamp{}
		if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && answer != nil {
			*at = stamp(answer.Header, began, arrived)
		}
	}
	return out, metadata, err
}

type stampKey struct{}

// stamped is a context for one call, after which the Stamp is filled. It stays zero when no answer came.
func stamped(ctx context.Context) (context.Context, *bucket.Stamp) {
	at := new(bucket.Stamp)
	return context.WithValue(ctx, stampKey{}, at), at
}

// stamp is zero without a Date that can be read: no guess is better than none.
func stamp(h http.Header, began, arrived time.Time) bucket.Stamp {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return bucket.Stamp{}
	}
	return bucket.Stamp{Date: date, Began: began, Arrived: arrived}
}

// kind is the verb of an operation: get of GetObject.
func kind(operation string) string {
	for _, k := range []string{"get", "list", "put", "head", "delete"} {
		if strings.HasPrefix(strings.ToLower(operation), k) {
			return k
		}
	}
	return "other"
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
