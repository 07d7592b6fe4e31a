package main

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/lambda"
	"github.com/dagferry/dagferry/internal/local/moto"
	"github.com/dagferry/dagferry/internal/local/queue"
)

// onSQS feeds the built function from a queue of moto's SQS, through its API alone. Messages that were received five
// times end in the dead-letter queue.
func onSQS(t *testing.T) (s *stage, q, dead *moto.Queue, batches chan lambda.Batch) {
	t.Helper()
	s = newStage(t)
	server := moto.Shared(t)
	s.endpoints["AWS_ENDPOINT_URL_SQS"] = server.Endpoint
	dead = server.Queue(t, time.Minute, nil, 0)
	q = server.Queue(t, 960*time.Second, dead, 5)
	batches = make(chan lambda.Batch, 100)
	s.mappedFrom(q, 2, func(b lambda.Batch) { batches <- b })
	return s, q, dead, batches
}

// received is the next batch that the function was invoked with.
func (s *stage) received(batches <-chan lambda.Batch) lambda.Batch {
	s.Helper()
	select {
	case b := <-batches:
		require.NoError(s, b.Err)
		return b
	case <-time.After(60 * time.Second):
		require.Fail(s, "no invocation")
		return lambda.Batch{}
	}
}

func send(t *testing.T, q *moto.Queue, body string) (id string) {
	t.Helper()
	id, err := q.Send(t.Context(), body)
	require.NoError(t, err)
	return id
}

func empty(t *testing.T, q *moto.Queue) bool {
	t.Helper()
	visible, inFlight, err := q.Waiting(t.Context())
	require.NoError(t, err)
	return visible+inFlight == 0
}

func TestSQS_busyComesBackUntilItsWorkIsDone(t *testing.T) {
	s, q, dead, batches := onSQS(t)
	s.upload("a.py", "import airflow\n")
	s.lease(12 * time.Second)
	began := time.Now()
	id := send(t, q, s.changed("a.py"))
	for n := 1; ; n++ {
		b := s.received(batches)
		m := b.Messages[slices.IndexFunc(b.Messages, func(m queue.Message) bool { return m.ID == id })]
		require.Equal(t, n, m.ReceiveCount)
		if !b.Failed[id] {
			require.GreaterOrEqual(t, n, 2, "it came back")
			break
		}
		assert.Empty(t, s.live())
	}
	assert.GreaterOrEqual(t, time.Since(began), 12*time.Second)
	assert.Equal(t, "a.py", s.live())
	s.until("the queue is empty", func() bool { return empty(t, q) })
	assert.True(t, empty(t, dead))
}

func TestSQS_aBatchFailsByMessage(t *testing.T) {
	s, q, dead, batches := onSQS(t)
	s.upload("a.py", "import airflow\n")
	poison := send(t, q, `{"hello": "world"}`)
	good := send(t, q, s.changed("a.py"))
	seen := map[string]bool{}
	for len(seen) < 2 {
		b := s.received(batches)
		for _, m := range b.Messages {
			assert.Equal(t, m.ID == poison, b.Failed[m.ID])
			seen[m.ID] = true
		}
	}
	assert.Equal(t, "a.py", s.live(), "what is good of the batch is done")
	require.Contains(t, seen, good)
	visible, inFlight, err := q.Waiting(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1}, []int{visible, inFlight}, "the poison waits, hidden")
	assert.True(t, empty(t, dead))
}

// The function hides a poison message for ever longer, from 30 s on. The time-outs are cut short here.
func TestSQS_poisonEndsInTheDeadLetterQueue(t *testing.T) {
	s, q, dead, batches := onSQS(t)
	send(t, q, `{"hello": "world"}`)
	for n := range 5 {
		b := s.received(batches)
		require.Len(t, b.Messages, 1)
		require.Equal(t, n+1, b.Messages[0].ReceiveCount)
		require.Len(t, b.Failed, 1)
		require.NoError(t, q.Show(t.Context(), b.Messages[0].ReceiptHandle))
	}
	s.until("it is given up", func() bool { return empty(t, q) && !empty(t, dead) })
	got, err := dead.Receive(t.Context(), 1, 5*time.Second, -1)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.JSONEq(t, `{"hello": "world"}`, got[0].Body)
}
