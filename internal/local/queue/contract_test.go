package queue_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/moto"
	"github.com/dagferry/dagferry/internal/local/queue"
)

// onBoth runs a test against this package's server and against moto's SQS: what the function's tests rely on is not
// only what this package's author believes of SQS.
func onBoth(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Run("queue", func(t *testing.T) {
		s := queue.NewServer(queue.Options{})
		require.NoError(t, s.Start(""))
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		test(t, fixture{client: sqs.New(sqs.Options{
			BaseEndpoint: aws.String(s.URL()), Region: "us-east-1", Retryer: aws.NopRetryer{}, Credentials: moto.Shared(t).Config().Credentials,
		})})
	})
	t.Run("moto", func(t *testing.T) { test(t, fixture{client: sqs.NewFromConfig(moto.Shared(t).Config())}) })
}

// create makes a queue of the test's own.
func (f fixture) create(t *testing.T, attributes map[string]string) fixture {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()) + fmt.Sprint("-", len(attributes))
	made, err := f.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	require.NoError(t, err)
	f.url = made.QueueUrl
	return f
}

func (f fixture) arn(t *testing.T) string {
	t.Helper()
	told, err := f.client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: f.url, AttributeNames: []types.QueueAttributeName{"QueueArn"}})
	require.NoError(t, err)
	return told.Attributes["QueueArn"]
}

func receives(t *testing.T, m types.Message) int {
	t.Helper()
	n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	require.NoError(t, err)
	return n
}

func TestContract_visibility(t *testing.T) {
	onBoth(t, func(t *testing.T, f fixture) {
		f = f.create(t, map[string]string{"VisibilityTimeout": "1"})
		f.send(t, "one")
		first := f.receive(t, 10, 5)
		require.Len(t, first, 1)
		assert.Equal(t, 1, receives(t, first[0]))
		assert.Empty(t, f.receive(t, 10, 0), "hidden")
		again := f.receive(t, 10, 5)
		require.Len(t, again, 1, "visible again after its time-out")
		assert.Equal(t, 2, receives(t, again[0]))
		assert.NotEqual(t, *first[0].ReceiptHandle, *again[0].ReceiptHandle)
		require.NoError(t, f.change(t, again[0].ReceiptHandle, 60))
		assert.Empty(t, f.receive(t, 10, 2), "stays away for as long as it was told")
		require.NoError(t, f.change(t, again[0].ReceiptHandle, 0))
		third := f.receive(t, 10, 5)
		require.Len(t, third, 1)
		assert.Equal(t, 3, receives(t, third[0]))
		f.remove(t, third[0].ReceiptHandle)
		assert.Empty(t, f.receive(t, 10, 2))
	})
}

func TestContract_batchFailsByEntry(t *testing.T) {
	onBoth(t, func(t *testing.T, f fixture) {
		f = f.create(t, map[string]string{"VisibilityTimeout": "60"})
		f.send(t, "one")
		m := f.receive(t, 1, 5)[0]
		got, err := f.client.ChangeMessageVisibilityBatch(t.Context(), &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: f.url,
			Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
				{Id: aws.String("good"), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 1},
				{Id: aws.String("bad"), ReceiptHandle: aws.String("nonsense"), VisibilityTimeout: 1},
			}})
		require.NoError(t, err, "one bad entry does not fail the request")
		require.Len(t, got.Successful, 1)
		assert.Equal(t, "good", *got.Successful[0].Id)
		require.Len(t, got.Failed, 1)
		assert.Equal(t, "bad", *got.Failed[0].Id)
		assert.Len(t, f.receive(t, 1, 5), 1, "the good one took effect")
	})
}

func TestContract_deadLetters(t *testing.T) {
	onBoth(t, func(t *testing.T, f fixture) {
		dead := f.create(t, nil)
		f = f.create(t, map[string]string{
			"VisibilityTimeout": "60",
			"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"2"}`, dead.arn(t)),
		})
		f.send(t, "poison")
		for n := range 2 {
			m := f.receive(t, 10, 5)
			require.Len(t, m, 1, "receive %d", n+1)
			require.NoError(t, f.change(t, m[0].ReceiptHandle, 0))
		}
		assert.Empty(t, f.receive(t, 10, 1), "received twice, and given up")
		buried := dead.receive(t, 10, 5)
		require.Len(t, buried, 1)
		assert.Equal(t, "poison", *buried[0].Body)
	})
}
