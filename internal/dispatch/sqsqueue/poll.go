package sqsqueue

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/dagferry/dagferry/internal/dispatch"
)

const (
	// longPoll is SQS's maximum.
	longPoll = 20 * time.Second
	// window is how long a batch is gathered after its first message, and batch how large it grows: what a Lambda's
	// mapping is set to.
	window = time.Second
	batch  = 100
	// side is how many batches are worked on at a time: one waits for its targets, another takes what others touch.
	side = 2
	// afterError is how long a queue that cannot be read is left alone.
	afterError = 10 * time.Second
	// answerTime is for telling the queue what became of a batch, also when the process was asked to stop.
	answerTime = 20 * time.Second
)

// Poller takes messages off a queue, as Lambda's event source mapping does.
type Poller struct {
	Client *sqs.Client
	Log    *slog.Logger
	// URL is the queue's.
	URL string
	// Hidden is how long others do not see what is being worked on. Do gets a context that ends before.
	Hidden time.Duration
	// Do says what becomes of messages. Calls are concurrent.
	Do func(context.Context, []dispatch.Message) []dispatch.Verdict
}

// Run works until ctx ends, and then finishes what it has begun. A queue that cannot be read is logged and tried again.
func (p Poller) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range side {
		group.Go(func() {
			for ctx.Err() == nil {
				p.once(ctx)
			}
		})
	}
	group.Wait()
}

func (p Poller) once(ctx context.Context) {
	received, err := p.gather(ctx)
	if err != nil && len(received) == 0 && ctx.Err() == nil {
		p.Log.Error("the queue cannot be read", "queue", p.URL, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(afterError):
		}
	}
	if len(received) == 0 {
		return
	}
	doing, cancel := context.WithTimeout(ctx, p.Hidden-answerTime)
	verdicts := p.Do(doing, messages(received))
	cancel()
	// The process may have been asked to stop: the queue is told all the same.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	var done []types.Message
	var later []Later
	for i, v := range verdicts {
		if v.Back {
			later = append(later, Later{*received[i].ReceiptHandle, v.Wait})
			continue
		}
		done = append(done, received[i])
	}
	p.remove(ctx, done)
	Postpone(ctx, p.Client, p.Log, p.URL, later)
}

// gather receives a batch: until it is full, or its window ends after the first message.
func (p Poller) gather(ctx context.Context) ([]types.Message, error) {
	all, err := p.receive(ctx, longPoll)
	for end := time.Now().Add(window); err == nil && len(all) > 0 && len(all) < batch && time.Now().Before(end); {
		var more []types.Message
		if more, err = p.receive(ctx, time.Second); len(more) == 0 {
			break
		}
		all = append(all, more...)
	}
	return all, err
}

func (p Poller) receive(ctx context.Context, wait time.Duration) ([]types.Message, error) {
	got, err := p.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &p.URL, MaxNumberOfMessages: atOnce, WaitTimeSeconds: int32(wait.Seconds()), VisibilityTimeout: int32(p.Hidden.Seconds()),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"ApproximateReceiveCount", "SentTimestamp"},
	})
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	return got.Messages, nil
}

func messages(received []types.Message) []dispatch.Message {
	all := make([]dispatch.Message, len(received))
	for i, m := range received {
		all[i] = Message(aws.ToString(m.MessageId), aws.ToString(m.Body), m.Attributes)
	}
	return all
}

// Message is a message by its queue's attributes. Without them, it was sent now and received once.
func Message(id, body string, attributes map[string]string) dispatch.Message {
	m := dispatch.Message{ID: id, Body: []byte(body), Receives: 1, Sent: time.Now()}
	if n, err := strconv.Atoi(attributes["ApproximateReceiveCount"]); err == nil {
		m.Receives = max(n, 1)
	}
	if n, err := strconv.ParseInt(attributes["SentTimestamp"], 10, 64); err == nil {
		m.Sent = time.UnixMilli(n)
	}
	return m
}

// remove acknowledges messages. One that stays comes back, and finds its work done.
func (p Poller) remove(ctx context.Context, done []types.Message) {
	for begin := 0; begin < len(done); begin += atOnce {
		var entries []types.DeleteMessageBatchRequestEntry
		for i, m := range done[begin:min(begin+atOnce, len(done))] {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprintf("m%d", i)), ReceiptHandle: m.ReceiptHandle})
		}
		got, err := p.Client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &p.URL, Entries: entries})
		if err != nil {
			p.Log.Error("messages that are done come back", "queue", p.URL, "messages", len(entries), "error", err)
			continue
		}
		for _, f := range got.Failed {
			p.Log.Error("a message that is done comes back", "queue", p.URL, "code", aws.ToString(f.Code), "error", aws.ToString(f.Message))
		}
	}
}
