package queue_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/queue"
)

type fixture struct {
	*queue.Server
	q      *queue.Queue
	client *sqs.Client
	url    *string
}

func start(t *testing.T, options queue.Options, attributes queue.Attributes) fixture {
	t.Helper()
	s := queue.NewServer(options)
	require.NoError(t, s.Start(""))
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	if attributes.DeadLetter != "" {
		_, err := s.Create(attributes.DeadLetter, queue.Attributes{})
		require.NoError(t, err)
	}
	q, err := s.Create("events", attributes)
	require.NoError(t, err)
	client := sqs.New(sqs.Options{
		BaseEndpoint: aws.String(s.URL()), Region: "us-east-1", Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("any", "thing", ""),
	})
	return fixture{s, q, client, aws.String(s.QueueURL(q))}
}

func (f fixture) send(t *testing.T, body string) {
	t.Helper()
	_, err := f.client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: f.url, MessageBody: &body})
	require.NoError(t, err)
}

func (f fixture) receive(t *testing.T, n, wait int32) []types.Message {
	t.Helper()
	out, err := f.client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: f.url, MaxNumberOfMessages: n, WaitTimeSeconds: wait, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	require.NoError(t, err)
	return out.Messages
}

func (f fixture) change(t *testing.T, handle *string, seconds int32) error {
	_, err := f.client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: f.url, ReceiptHandle: handle, VisibilityTimeout: seconds})
	return err
}

func (f fixture) remove(t *testing.T, handle *string) {
	t.Helper()
	_, err := f.client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: f.url, ReceiptHandle: handle})
	require.NoError(t, err)
}

func TestReceive_hidesUntilTheTimeoutRunsOut(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{Visibility: 300 * time.Millisecond})
	f.send(t, "grüße")
	first := f.receive(t, 10, 0)
	require.Len(t, first, 1)
	assert.Equal(t, "grüße", *first[0].Body)
	assert.Equal(t, "1", first[0].Attributes["ApproximateReceiveCount"])
	assert.Empty(t, f.receive(t, 10, 0))
	assert.Equal(t, queue.Stats{InFlight: 1}, f.q.Stats())

	began := time.Now()
	again := f.receive(t, 10, 5)
	assert.Less(t, time.Since(began), 3*time.Second)
	require.Len(t, again, 1, "a long poll wakes when it is visible")
	assert.Equal(t, "2", again[0].Attributes["ApproximateReceiveCount"])
	assert.Equal(t, first[0].Attributes["SentTimestamp"], again[0].Attributes["SentTimestamp"])
	assert.Equal(t, first[0].Attributes["ApproximateFirstReceiveTimestamp"], again[0].Attributes["ApproximateFirstReceiveTimestamp"])
	assert.NotEqual(t, first[0].ReceiptHandle, again[0].ReceiptHandle)

	f.remove(t, first[0].ReceiptHandle) // succeeds and removes nothing
	assert.Equal(t, 1, f.q.Stats().InFlight)
	var stale *types.ReceiptHandleIsInvalid
	assert.ErrorAs(t, f.change(t, first[0].ReceiptHandle, 5), &stale)
	f.remove(t, again[0].ReceiptHandle)
	assert.Equal(t, queue.Stats{}, f.q.Stats())
}

func TestReceive_attributesOnlyWhenAsked(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{})
	f.send(t, "x")
	out, err := f.client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: f.url})
	require.NoError(t, err)
	assert.Empty(t, out.Messages[0].Attributes)
}

func TestReceive_longPollWakesOnSend(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{})
	time.AfterFunc(100*time.Millisecond, func() { _, _ = f.q.Send("late") })
	began := time.Now()
	assert.Len(t, f.receive(t, 1, 10), 1)
	assert.Less(t, time.Since(began), 5*time.Second)
}

func TestChangeVisibility(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{})
	f.send(t, "x")
	m := f.receive(t, 1, 0)[0]
	code := func(err error) string {
		var api smithy.APIError
		require.ErrorAs(t, err, &api)
		return api.ErrorCode()
	}
	assert.Equal(t, "InvalidParameterValue", code(f.change(t, m.ReceiptHandle, 43_201)))
	assert.Equal(t, "ReceiptHandleIsInvalid", code(f.change(t, aws.String("junk"), 5)))
	require.NoError(t, f.change(t, m.ReceiptHandle, 0))
	var visible *types.MessageNotInflight
	assert.ErrorAs(t, f.change(t, m.ReceiptHandle, 5), &visible)
	m = f.receive(t, 1, 0)[0]
	assert.Equal(t, "2", m.Attributes["ApproximateReceiveCount"])
	f.remove(t, m.ReceiptHandle)
	assert.Equal(t, "InvalidParameterValue", code(f.change(t, m.ReceiptHandle, 5)), "deleted")
}

func TestBatch_entriesFailAlone(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{})
	f.send(t, "x")
	m := f.receive(t, 1, 0)[0]
	out, err := f.client.ChangeMessageVisibilityBatch(t.Context(), &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: f.url,
		Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("a"), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 7},
			{Id: aws.String("b"), ReceiptHandle: aws.String("junk"), VisibilityTimeout: 7},
			{Id: aws.String("c"), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 99_999},
		}})
	require.NoError(t, err)
	require.Len(t, out.Successful, 1)
	require.Len(t, out.Failed, 2)
	assert.Equal(t, "ReceiptHandleIsInvalid", *out.Failed[0].Code)
	assert.Equal(t, "InvalidParameterValue", *out.Failed[1].Code)
	assert.True(t, out.Failed[0].SenderFault)
}

func TestBatch_limits(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{})
	entries := func(ids ...string) error {
		in := &sqs.SendMessageBatchInput{QueueUrl: f.url, Entries: []types.SendMessageBatchRequestEntry{}}
		for _, id := range ids {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String("x")})
		}
		_, err := f.client.SendMessageBatch(t.Context(), in)
		return err
	}
	var many []string
	for i := range 11 {
		many = append(many, fmt.Sprint(i))
	}
	require.NoError(t, entries(many[:10]...))
	var empty *types.EmptyBatchRequest
	assert.ErrorAs(t, entries(), &empty)
	var tooMany *types.TooManyEntriesInBatchRequest
	assert.ErrorAs(t, entries(many...), &tooMany)
	var twice *types.BatchEntryIdsNotDistinct
	assert.ErrorAs(t, entries("a", "a"), &twice)
	var invalid *types.InvalidBatchEntryId
	assert.ErrorAs(t, entries("a/b"), &invalid)
	assert.Equal(t, 10, f.q.Stats().Visible)
}

func TestSend_refusesWhatSQSRefuses(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{})
	for body, code := range map[string]string{
		"":                           "MissingParameter",
		"\x01":                       "InvalidMessageContents",
		strings.Repeat("x", 1<<20+1): "InvalidParameterValue",
	} {
		_, err := f.q.Send(body)
		var p *queue.Problem
		require.ErrorAs(t, err, &p)
		assert.Equal(t, code, p.Code)
	}
}

func TestRedrive_afterTheLastReceive(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{MaxReceives: 2, DeadLetter: "dead"})
	f.send(t, "poison")
	for range 2 {
		got := f.receive(t, 1, 0)
		require.Len(t, got, 1)
		require.NoError(t, f.change(t, got[0].ReceiptHandle, 0))
	}
	assert.Equal(t, queue.Stats{Visible: 1}, f.q.Stats(), "it moves when it would be received once more")
	assert.Empty(t, f.receive(t, 1, 0))
	assert.Equal(t, queue.Stats{Dead: 1}, f.q.Stats())
}

func TestDuplicates_eachMessageComesTwice(t *testing.T) {
	f := start(t, queue.Options{Duplicate: 1, Seed: 7}, queue.Attributes{Visibility: time.Second})
	const n = 20
	for i := range n {
		f.send(t, fmt.Sprint(i))
	}
	times := map[string]int{}
	var order []string
	for end := time.Now().Add(5 * time.Second); f.q.Stats() != (queue.Stats{}) && time.Now().Before(end); {
		for _, m := range f.receive(t, 10, 1) {
			times[*m.Body]++
			order = append(order, *m.Body)
			f.remove(t, m.ReceiptHandle)
		}
	}
	assert.Equal(t, queue.Stats{}, f.q.Stats())
	assert.Len(t, times, n)
	late := 0
	for _, k := range times {
		late += k - 1
	}
	assert.Positive(t, late, "some came again after they were deleted")
	assert.NotEqual(t, "0", order[0]+order[1]+order[2], "no order")
}

func TestCreateQueue_overTheProtocol(t *testing.T) {
	f := start(t, queue.Options{}, queue.Attributes{DeadLetter: "dead", MaxReceives: 5})
	out, err := f.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("other"), Attributes: map[string]string{
		"VisibilityTimeout": "90", "RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"3"}`}})
	require.NoError(t, err)
	got, err := f.client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("other")})
	require.NoError(t, err)
	assert.Equal(t, *out.QueueUrl, *got.QueueUrl)
	attributes, err := f.client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: out.QueueUrl, AttributeNames: []types.QueueAttributeName{"All"}})
	require.NoError(t, err)
	assert.Equal(t, "90", attributes.Attributes["VisibilityTimeout"])
	assert.Contains(t, attributes.Attributes["RedrivePolicy"], `:dead","maxReceiveCount":3`)
	list, err := f.client.ListQueues(t.Context(), &sqs.ListQueuesInput{})
	require.NoError(t, err)
	assert.Len(t, list.QueueUrls, 3)
	_, err = f.client.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: out.QueueUrl})
	require.NoError(t, err)

	_, err = f.client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
	var missing *types.QueueDoesNotExist
	assert.True(t, errors.As(err, &missing), "%v", err)
}
