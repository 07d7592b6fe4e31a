package event_test

import (
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/local/moto"
)

// awkward are keys that an encoding may spoil: each differs from what it is when decoded once too often or too rarely.
var awkward = []string{"dags/a b.py", "dags/a+b.py", "dags/a%2Bb.py", "dags/100%.py", "dags/ü ☃.py", "dags/tab\t.py", `dags/"quoted"&.py`}

// history is what a store tells when each key is written and removed, by its names for that.
func history(bucket string, keys []string, names ...string) []string {
	var all []string
	for _, key := range keys {
		for _, name := range names {
			all = append(all, fmt.Sprintf("%s %q %s", bucket, key, name))
		}
	}
	return all
}

func writeAndRemove(t *testing.T, client *s3.Client, bucket string, keys []string) {
	t.Helper()
	for _, key := range keys {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")})
		require.NoError(t, err)
		_, err = client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		require.NoError(t, err)
	}
}

// told decodes bodies into lines of a history.
func told(t *testing.T, bodies []string) []string {
	t.Helper()
	var all []string
	for _, body := range bodies {
		m, err := event.Decode([]byte(body))
		require.NoError(t, err, body)
		assert.Empty(t, m.Sweep)
		for _, c := range m.Changes {
			assert.WithinDuration(t, time.Now(), c.Time, time.Minute)
			all = append(all, fmt.Sprintf("%s://%s %q %s", c.Scheme, c.Bucket, c.Key, c.Name))
		}
	}
	return all
}

func TestDecode_recordedFromMoto(t *testing.T) {
	server := moto.Shared(t)
	client := s3.NewFromConfig(server.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	notified := []string{"ObjectCreated:Put", "ObjectRemoved:Delete"}
	bridged := []string{"Object Created", "Object Tags Added", "Object Deleted"} // moto tells of tags at each write
	for name, tc := range map[string]struct {
		connect    func(t *testing.T, bucket string, queue *moto.Queue) types.NotificationConfiguration
		looks      string // what shows the envelope
		names      []string
		testEvents int
	}{
		"queue":      {toQueue, `{"Records": [{"eventVersion"`, notified, 1},
		"topic":      {toTopic(false), `"Type": "Notification"`, notified, 1},
		"topic, raw": {toTopic(true), `{"Records": [{"eventVersion"`, notified, 1},
		"bus":        {toBus, `"detail-type": "Object `, bridged, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bucket, queue := strings.ToLower("test-"+rand.Text()), server.Queue(t, time.Minute, nil, 0)
			_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
			require.NoError(t, err)
			connection := tc.connect(t, bucket, queue)
			_, err = client.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
				Bucket: &bucket, NotificationConfiguration: &connection,
			})
			require.NoError(t, err)
			writeAndRemove(t, client, bucket, awkward)

			bodies := receive(t, queue, len(tc.names)*len(awkward)+tc.testEvents)
			assert.Contains(t, bodies[len(bodies)-1], tc.looks)
			assert.ElementsMatch(t, history("s3://"+bucket, awkward, tc.names...), told(t, bodies))
		})
	}
}

var writesAndRemovals = []types.Event{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}

func toQueue(_ *testing.T, _ string, queue *moto.Queue) types.NotificationConfiguration {
	arn := queue.ARN()
	return types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{{QueueArn: &arn, Events: writesAndRemovals}}}
}

func toTopic(raw bool) func(*testing.T, string, *moto.Queue) types.NotificationConfiguration {
	return func(t *testing.T, bucket string, queue *moto.Queue) types.NotificationConfiguration {
		var made struct {
			ARN string `xml:"CreateTopicResult>TopicArn"`
		}
		require.NoError(t, xml.Unmarshal(sns(t, url.Values{"Action": {"CreateTopic"}, "Name": {bucket}}), &made))
		subscription := url.Values{"Action": {"Subscribe"}, "TopicArn": {made.ARN}, "Protocol": {"sqs"}, "Endpoint": {queue.ARN()}}
		if raw {
			subscription.Set("Attributes.entry.1.key", "RawMessageDelivery")
			subscription.Set("Attributes.entry.1.value", "true")
		}
		sns(t, subscription)
		return types.NotificationConfiguration{TopicConfigurations: []types.TopicConfiguration{{TopicArn: &made.ARN, Events: writesAndRemovals}}}
	}
}

func toBus(t *testing.T, bucket string, queue *moto.Queue) types.NotificationConfiguration {
	pattern := fmt.Sprintf(`{"source":["aws.s3"],"detail":{"bucket":{"name":[%q]}}}`, bucket)
	eventBridge(t, "PutRule", map[string]any{"Name": bucket, "EventPattern": pattern})
	eventBridge(t, "PutTargets", map[string]any{"Rule": bucket, "Targets": []map[string]string{{"Id": "queue", "Arn": queue.ARN()}}})
	return types.NotificationConfiguration{EventBridgeConfiguration: &types.EventBridgeConfiguration{}}
}

// receive receives as many messages as are expected, and fails when another comes.
func receive(t *testing.T, queue *moto.Queue, expected int) []string {
	t.Helper()
	var bodies []string
	for len(bodies) < expected {
		got, err := queue.Receive(t.Context(), 10, 10*time.Second, -1)
		require.NoError(t, err)
		require.NotEmpty(t, got, "%d of %d messages came", len(bodies), expected)
		for _, m := range got {
			bodies = append(bodies, m.Body)
		}
	}
	visible, _, err := queue.Waiting(t.Context())
	require.NoError(t, err)
	require.Zero(t, visible)
	return bodies
}

// sns and eventBridge call the services by HTTP: their SDKs would be dependencies for these tests alone.
func sns(t *testing.T, form url.Values) []byte {
	t.Helper()
	return call(t, "sns", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
}

func eventBridge(t *testing.T, operation string, in any) {
	t.Helper()
	body, err := json.Marshal(in)
	require.NoError(t, err)
	call(t, "events", http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSEvents." + operation}}, string(body))
}

func call(t *testing.T, service string, header http.Header, body string) []byte {
	t.Helper()
	server := moto.Shared(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.Endpoint, strings.NewReader(body))
	require.NoError(t, err)
	request.Header = header
	// moto finds the service in the scope, and does not look at the signature.
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=test/20260301/%s/%s/aws4_request", server.Config().Region, service))
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", text)
	return text
}

func TestDecode_recordedFromMinIO(t *testing.T) {
	bodies := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && len(body) > 0 {
			bodies <- string(body)
		}
	}))
	defer hook.Close()
	server := minio.Start(t, minio.WithWebhook(hook.URL))
	bucket := server.Bucket(t)
	server.Notify(t, bucket, "dags/")
	keys := append(slices.Clone(awkward), "dags/new\nline.py") // moto finds no such path
	writeAndRemove(t, server.Client(), bucket, keys)

	var all []string
	for len(all) < 2*len(keys) {
		select {
		case body := <-bodies:
			all = append(all, body)
		case <-time.After(10 * time.Second):
			require.Fail(t, "no event came", "%d came", len(all))
		}
	}
	assert.ElementsMatch(t, history("s3://"+bucket, keys, "ObjectCreated:Put", "ObjectRemoved:Delete"), told(t, all))
}
