package lambda

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/local/queue"
)

// longPoll is how long one receive waits, SQS's maximum.
const longPoll = 20 * time.Second

// Mapping is an event source mapping: it polls a queue, invokes a function with batches, and deletes what succeeded.
// What failed it leaves alone: it comes back when its visibility time-out runs out, or when the function says.
type Mapping struct {
	Queue    Source
	Function *Function
	// BatchSize is the most messages of an invocation; 10 when 0, up to 10,000 with a Window of a second or more.
	BatchSize int
	// Window is how long a batch is gathered after its first message, at most 5 minutes.
	Window time.Duration
	// MaxConcurrency is the most invocations at a time, 2 to 1,000 as Lambda has it; 5 when 0.
	MaxConcurrency int
	// ReportBatchItemFailures lets the function's answer tell which messages failed. Without it all of them did or none.
	ReportBatchItemFailures bool
	// Observe gets each batch when it is done; may be nil. Calls are concurrent.
	Observe func(Batch)
}

// Batch is what became of one invocation.
type Batch struct {
	Messages []queue.Message
	// Failed are the ids of the messages that were not deleted.
	Failed map[string]bool
	// Err is why all of them failed, if the function or its answer did.
	Err  error
	Took time.Duration
}

// Run polls until ctx ends. It then finishes what it has received and returns nil. A mapping that Lambda would not
// create is an error.
func (m Mapping) Run(ctx context.Context) error {
	if err := m.fill(); err != nil {
		return fmt.Errorf("create event source mapping: %w", err)
	}
	var wg sync.WaitGroup
	for range m.MaxConcurrency {
		wg.Go(func() {
			for ctx.Err() == nil {
				for _, batch := range split(m.gather(ctx)) {
					m.handle(context.WithoutCancel(ctx), batch)
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// fill sets what was left out, and refuses what Lambda refuses (page CreateEventSourceMapping).
func (m *Mapping) fill() error {
	if m.BatchSize == 0 {
		m.BatchSize = 10
	}
	if m.MaxConcurrency == 0 {
		m.MaxConcurrency = 5
	}
	switch {
	case m.BatchSize < 1 || m.BatchSize > 10_000:
		return fmt.Errorf("the batch size is %d, and must be 1 to 10000", m.BatchSize)
	case m.Window < 0 || m.Window > 5*time.Minute:
		return fmt.Errorf("the batching window is %v, and must be at most 5 minutes", m.Window)
	case m.BatchSize > 10 && m.Window < time.Second:
		return fmt.Errorf("a batch size of %d needs a batching window of 1 s or more", m.BatchSize)
	case m.MaxConcurrency < 2 || m.MaxConcurrency > 1000:
		return fmt.Errorf("the maximum concurrency is %d, and must be 2 to 1000", m.MaxConcurrency)
	case m.Queue.Visibility() < m.Function.Timeout():
		return fmt.Errorf("queue visibility timeout: %v is less than function timeout: %v", m.Queue.Visibility(), m.Function.Timeout())
	}
	return nil
}

// gather receives a batch: until it is full, or its window ends after the first message.
func (m Mapping) gather(ctx context.Context) []queue.Message {
	batch := m.receive(ctx, m.BatchSize, longPoll)
	end := time.Now().Add(m.Window)
	for len(batch) > 0 && len(batch) < m.BatchSize && ctx.Err() == nil {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		batch = append(batch, m.receive(ctx, m.BatchSize-len(batch), min(left, longPoll))...)
	}
	return batch
}

func (m Mapping) receive(ctx context.Context, limit int, wait time.Duration) []queue.Message {
	messages, err := m.Queue.Receive(ctx, min(limit, 10), wait, -1)
	if err != nil { // over the limit of messages in flight
		pause(ctx, time.Second)
	}
	return messages
}

// handle invokes the function with a batch and deletes what succeeded.
func (m Mapping) handle(ctx context.Context, messages []queue.Message) {
	began := time.Now()
	batch := Batch{Messages: messages}
	batch.Failed, batch.Err = m.outcome(ctx, messages)
	for _, message := range messages {
		if batch.Err != nil || batch.Failed[message.ID] {
			continue
		}
		_ = m.Queue.Delete(message.ReceiptHandle) // of a message that was received again since, it removes nothing
	}
	batch.Took = time.Since(began)
	if batch.Err != nil {
		batch.Failed = ids(messages)
	}
	if m.Observe != nil {
		m.Observe(batch)
	}
}

func (m Mapping) outcome(ctx context.Context, messages []queue.Message) (map[string]bool, error) {
	payload, err := m.event(messages)
	if err != nil {
		return nil, err
	}
	answer, err := m.invoke(ctx, payload)
	if err != nil || !m.ReportBatchItemFailures {
		return nil, err
	}
	return failures(answer, ids(messages))
}

// invoke retries a throttled invocation until the messages are visible again, as Lambda does (page "Handling errors
// for an SQS event source in Lambda").
func (m Mapping) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	for end := time.Now().Add(m.Queue.Visibility()); ; pause(ctx, 100*time.Millisecond) {
		answer, err := m.Function.Invoke(ctx, payload)
		if !errors.Is(err, ErrThrottled) || time.Now().After(end) {
			return answer, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func ids(messages []queue.Message) map[string]bool {
	all := map[string]bool{}
	for _, message := range messages {
		all[message.ID] = true
	}
	return all
}
