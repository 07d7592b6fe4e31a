package moto

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/dagferry/dagferry/internal/local/queue"
)

// Queue is a queue of the server. Its methods are those of a queue of this process, through SQS's API.
type Queue struct {
	client     *sqs.Client
	url, arn   string
	visibility time.Duration
}

// Queue makes a queue. Without a dead-letter queue, dead is nil and maxReceives does not matter.
func (s *Server) Queue(t testing.TB, visibility time.Duration, dead *Queue, maxReceives int) *Queue {
	t.Helper()
	q := &Queue{client: sqs.NewFromConfig(s.Config()), visibility: visibility}
	attributes := map[string]string{"VisibilityTimeout": strconv.Itoa(int(visibility.Seconds()))}
	if dead != nil {
		attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, dead.arn, maxReceives)
	}
	name := "test-" + rand.Text()
	made, err := q.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatalf("make a queue: %v", err)
	}
	q.url = *made.QueueUrl
	told, err := q.client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		t.Fatalf("make a queue: %v", err)
	}
	q.arn = told.Attributes["QueueArn"]
	return q
}

// ARN is the queue's name in notifications, mappings and policies.
func (q *Queue) ARN() string { return q.arn }

// URL is where SQS's API has it.
func (q *Queue) URL() string { return q.url }

// Visibility is the queue's visibility time-out.
func (q *Queue) Visibility() time.Duration { return q.visibility }

// Send puts a message into the queue and returns its id.
func (q *Queue) Send(ctx context.Context, body string) (string, error) {
	sent, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body})
	if err != nil {
		return "", err
	}
	return *sent.MessageId, nil
}

// Receive receives up to limit messages, waiting up to wait for the first; a visibility below 0 is the queue's own.
func (q *Queue) Receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]queue.Message, error) {
	in := &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: int32(limit), WaitTimeSeconds: int32(wait.Seconds()), //nolint:gosec // at most 10
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	}
	if visibility >= 0 {
		in.VisibilityTimeout = int32(visibility.Seconds())
	}
	got, err := q.client.ReceiveMessage(ctx, in)
	if err != nil {
		return nil, err
	}
	var messages []queue.Message
	for _, m := range got.Messages {
		n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
		if err != nil {
			return nil, fmt.Errorf("read a message's ApproximateReceiveCount: %w", err)
		}
		messages = append(messages, queue.Message{
			ID: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body, MD5: *m.MD5OfBody, ReceiveCount: n,
			Sent: millis(m.Attributes["SentTimestamp"]), FirstReceived: millis(m.Attributes["ApproximateFirstReceiveTimestamp"]),
		})
	}
	return messages, nil
}

func millis(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

// Show makes a message that is in flight visible again, as if its time-out had run out.
func (q *Queue) Show(ctx context.Context, receiptHandle string) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &q.url, ReceiptHandle: &receiptHandle})
	return err
}

// Delete removes a message.
func (q *Queue) Delete(receiptHandle string) error {
	_, err := q.client.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: &receiptHandle})
	return err
}

// Waiting counts the messages that are visible and those that are in flight.
func (q *Queue) Waiting(ctx context.Context) (visible, inFlight int, err error) {
	told, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}})
	if err != nil {
		return 0, 0, err
	}
	visible, err = strconv.Atoi(told.Attributes["ApproximateNumberOfMessages"])
	if err != nil {
		return 0, 0, err
	}
	inFlight, err = strconv.Atoi(told.Attributes["ApproximateNumberOfMessagesNotVisible"])
	return visible, inFlight, err
}
