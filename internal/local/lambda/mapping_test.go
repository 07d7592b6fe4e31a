package lambda_test

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/lambda"
	"github.com/dagferry/dagferry/internal/local/queue"
)

const soon = 10 * time.Second

type mapped struct {
	*lambda.Mapping
	queue   *queue.Queue
	log     *buffer
	batches chan lambda.Batch
	stop    func()
}

// mapping starts a mapping with a queue whose messages come back after a minute, so that they do not during a test.
func mapping(t *testing.T, change func(*lambda.Mapping), options ...func(*lambda.Options)) mapped {
	t.Helper()
	f, log := function(t, options...)
	s := queue.NewServer(queue.Options{})
	q, err := s.Create("events", queue.Attributes{Visibility: time.Minute})
	require.NoError(t, err)
	m := mapped{queue: q, log: log, batches: make(chan lambda.Batch, 100)}
	m.Mapping = &lambda.Mapping{Queue: q, Function: f, MaxConcurrency: 2, ReportBatchItemFailures: true,
		Observe: func(b lambda.Batch) { m.batches <- b }}
	if change != nil {
		change(m.Mapping)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	m.stop = func() { cancel(); assert.NoError(t, <-ended); ended <- nil }
	t.Cleanup(m.stop)
	return m
}

func (m mapped) send(t *testing.T, body string) {
	t.Helper()
	_, err := m.queue.Send(body)
	require.NoError(t, err)
}

func (m mapped) next(t *testing.T) lambda.Batch {
	t.Helper()
	select {
	case b := <-m.batches:
		return b
	case <-time.After(soon):
		require.Fail(t, "no batch")
		return lambda.Batch{}
	}
}

func TestMapping_answersDecide(t *testing.T) {
	for _, tc := range []struct {
		name, order string
		fails       bool
		timeout     time.Duration
	}{
		{"null", `{"do":"answer","answer":null}`, false, 0},
		{"empty object", `{"do":"answer","answer":{}}`, false, 0},
		{"empty list", `{"do":"answer","answer":{"batchItemFailures":[]}}`, false, 0},
		{"null list", `{"do":"answer","answer":{"batchItemFailures":null}}`, false, 0},
		{"another case", `{"do":"answer","answer":{"BatchItemFailures":[{"itemIdentifier":""}]}}`, false, 0},
		{"empty identifier", `{"do":"answer","answer":{"batchItemFailures":[{"itemIdentifier":""}]}}`, true, 0},
		{"null identifier", `{"do":"answer","answer":{"batchItemFailures":[{"itemIdentifier":null}]}}`, true, 0},
		{"bad key name", `{"do":"answer","answer":{"batchItemFailures":[{"ItemIdentifier":"x"}]}}`, true, 0},
		{"unknown identifier", `{"do":"answer","answer":{"batchItemFailures":[{"itemIdentifier":"x"}]}}`, true, 0},
		{"no list", `{"do":"answer","answer":{"batchItemFailures":"x"}}`, true, 0},
		{"no object", `{"do":"answer","answer":"ok"}`, true, 0},
		{"no JSON", `{"do":"garbage"}`, true, 0},
		{"error", `{"do":"fail"}`, true, 0},
		{"panic", `{"do":"panic"}`, true, 0},
		{"exit", `{"do":"exit"}`, true, 0},
		{"time-out", `{"do":"sleep","ms":60000}`, true, 400 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := mapping(t, nil, timeout(cmp.Or(tc.timeout, soon)))
			m.send(t, tc.order)
			batch := m.next(t)
			if tc.fails {
				require.Error(t, batch.Err)
				assert.Equal(t, queue.Stats{InFlight: 1}, m.queue.Stats(), "hidden until its time-out, not made visible")
				return
			}
			require.NoError(t, batch.Err)
			assert.Equal(t, queue.Stats{}, m.queue.Stats())
		})
	}
}

func TestMapping_partialFailureKeepsWhatFailed(t *testing.T) {
	m := mapping(t, func(m *lambda.Mapping) { m.Window = 300 * time.Millisecond })
	for _, body := range []string{"{}", "fails", "{}", "{}"} {
		m.send(t, body)
	}
	for left := 4; left > 0; {
		batch := m.next(t)
		require.NoError(t, batch.Err)
		for _, message := range batch.Messages {
			assert.Equal(t, message.Body == "fails", batch.Failed[message.ID])
		}
		left -= len(batch.Messages)
	}
	assert.Equal(t, queue.Stats{InFlight: 1}, m.queue.Stats(), "the others were deleted")
}

func TestMapping_withoutReportsTheAnswerDoesNotCount(t *testing.T) {
	m := mapping(t, func(m *lambda.Mapping) { m.ReportBatchItemFailures = false })
	m.send(t, "fails")
	require.NoError(t, m.next(t).Err)
	assert.Equal(t, queue.Stats{}, m.queue.Stats())
}

func TestMapping_eventLooksAsLambdaSendsIt(t *testing.T) {
	m := mapping(t, nil)
	m.send(t, `{"do":"print"}`)
	batch := m.next(t)
	require.NoError(t, batch.Err)

	f, _ := function(t)
	copied := *m.Mapping
	copied.Function = f
	payload, err := lambda.Event(copied, batch.Messages)
	require.NoError(t, err)
	var event events.SQSEvent
	decoder := json.NewDecoder(strings.NewReader(string(payload)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&event))
	require.Len(t, event.Records, 1)
	r := event.Records[0]
	assert.Equal(t, "aws:sqs", r.EventSource)
	assert.Equal(t, "arn:aws:sqs:us-east-1:000000000000:events", r.EventSourceARN)
	assert.Equal(t, "us-east-1", r.AWSRegion)
	assert.Equal(t, batch.Messages[0].ReceiptHandle, r.ReceiptHandle)
	assert.Equal(t, "1", r.Attributes["ApproximateReceiveCount"])
	for _, name := range []string{"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} {
		assert.NotEmpty(t, r.Attributes[name], name)
	}
	assert.Contains(t, string(payload), `"messageAttributes":{}`)
}

func TestMapping_windowGathersOneBatch(t *testing.T) {
	m := mapping(t, func(m *lambda.Mapping) { m.Window, m.BatchSize = time.Second, 100 })
	for range 25 {
		m.send(t, "{}")
	}
	got, batches := 0, 0
	for got < 25 {
		got += len(m.next(t).Messages)
		batches++
	}
	assert.LessOrEqual(t, batches, 2, "one for each poller")
	assert.Equal(t, queue.Stats{}, m.queue.Stats())
}

func TestMapping_batchIsSplitAtSixMegabytes(t *testing.T) {
	m := mapping(t, nil)
	var all []queue.Message
	for range 5 {
		all = append(all, queue.Message{Body: strings.Repeat(`\`, 1_000_000)}) // twice as long in JSON
	}
	parts := lambda.Split(all)
	require.Len(t, parts, 2)
	for _, part := range parts {
		payload, err := lambda.Event(*m.Mapping, part)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(payload), 6<<20)
	}
	assert.Len(t, append(parts[0], parts[1]...), 5)
}

func TestMapping_stopDrains(t *testing.T) {
	m := mapping(t, nil)
	m.send(t, `{"do":"sleep","ms":500}`)
	require.Eventually(t, func() bool { return len(m.Function.Running()) == 1 }, soon, 5*time.Millisecond)
	m.stop()
	assert.Equal(t, queue.Stats{}, m.queue.Stats(), "what was at work was finished and deleted")
}

func TestMapping_crashBringsTheBatchBack(t *testing.T) {
	f, _ := function(t, timeout(4*time.Second))
	s := queue.NewServer(queue.Options{})
	q, err := s.Create("events", queue.Attributes{Visibility: 4 * time.Second})
	require.NoError(t, err)
	batches := make(chan lambda.Batch, 10)
	m := lambda.Mapping{Queue: q, Function: f, MaxConcurrency: 2, Observe: func(b lambda.Batch) { batches <- b }}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-ended) })

	_, err = q.Send(`{"do":"sleep","ms":1000}`)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(f.Running()) == 1 }, soon, time.Millisecond)
	f.KillAll()
	require.Error(t, (<-batches).Err)
	again := <-batches
	require.NoError(t, again.Err)
	assert.Equal(t, 2, again.Messages[0].ReceiveCount)
}

func TestMapping_refusesWhatLambdaRefuses(t *testing.T) {
	f, _ := function(t, timeout(time.Minute))
	s := queue.NewServer(queue.Options{})
	short, err := s.Create("short", queue.Attributes{Visibility: 30 * time.Second})
	require.NoError(t, err)
	long, err := s.Create("long", queue.Attributes{Visibility: time.Hour})
	require.NoError(t, err)
	for name, m := range map[string]lambda.Mapping{
		"visibility below the function's time-out": {Queue: short},
		"a big batch without a window":             {Queue: long, BatchSize: 11},
		"too big a batch":                          {Queue: long, BatchSize: 10_001, Window: time.Second},
		"concurrency of one":                       {Queue: long, MaxConcurrency: 1},
		"window":                                   {Queue: long, Window: time.Hour},
	} {
		m.Function = f
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		assert.Error(t, m.Run(ctx), name)
		cancel()
	}
}
