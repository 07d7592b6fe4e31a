package pubsub_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/pubsub"
)

// endpoint answers each push with the next of its statuses, and then with 204.
type endpoint struct {
	mu       sync.Mutex
	statuses []int
	bodies   []string
	came     []time.Time
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Message struct {
			Data       []byte
			Attributes map[string]string
		}
		Subscription string
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bodies = append(e.bodies, string(body.Message.Data)+" "+body.Message.Attributes["a"]+" "+body.Subscription)
	e.came = append(e.came, time.Now())
	status := http.StatusNoContent
	if len(e.statuses) > 0 {
		status, e.statuses = e.statuses[0], e.statuses[1:]
	}
	w.WriteHeader(status)
}

func pushing(t *testing.T, o pubsub.Options, e *endpoint) *pubsub.Topic {
	t.Helper()
	topic, err := pubsub.Start(o)
	require.NoError(t, err)
	server := httptest.NewServer(e)
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { assert.NoError(t, topic.Push(ctx, server.URL)) })
	t.Cleanup(func() { stop(); group.Wait(); server.Close(); assert.NoError(t, topic.Close()) })
	return topic
}

func TestPush_untilItIsAcknowledged(t *testing.T) {
	e := &endpoint{statuses: []int{503, 429, 500}}
	topic := pushing(t, pubsub.Options{MinBackoff: 50 * time.Millisecond, MaxBackoff: 100 * time.Millisecond}, e)
	topic.Publish([]byte("hello"), map[string]string{"a": "b"})
	require.Eventually(t, func() bool { return topic.Published() == 1 && topic.Waiting() == 0 }, 10*time.Second, 5*time.Millisecond)
	e.mu.Lock()
	defer e.mu.Unlock()
	require.Len(t, e.bodies, 4)
	assert.Equal(t, "hello b projects/test/subscriptions/dags", e.bodies[3])
	for i, least := range []time.Duration{50, 100, 100} { // milliseconds: it doubles, and is bounded
		assert.GreaterOrEqual(t, e.came[i+1].Sub(e.came[i]), least*time.Millisecond)
	}
	assert.Zero(t, topic.Dead())
}

func TestPush_givesUp(t *testing.T) {
	e := &endpoint{statuses: []int{400, 400, 400, 400, 400, 400}}
	topic := pushing(t, pubsub.Options{MinBackoff: time.Millisecond, MaxBackoff: time.Millisecond, Attempts: 5}, e)
	topic.Publish([]byte("poison"), nil)
	require.Eventually(t, func() bool { return topic.Dead() == 1 }, 10*time.Second, 5*time.Millisecond)
	assert.Zero(t, topic.Waiting())
	e.mu.Lock()
	defer e.mu.Unlock()
	assert.Len(t, e.bodies, 5)
}
