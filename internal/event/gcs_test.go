package event_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/local/fakegcs"
)

// What Eventarc tells is a change exactly where the bucket's own notification of the same is one.
func TestDecode_eventarcAgreesWithNotifications(t *testing.T) {
	for eventarc, notification := range map[string]string{
		"finalized": "OBJECT_FINALIZE", "deleted": "OBJECT_DELETE", "archived": "OBJECT_ARCHIVE", "metadataUpdated": "OBJECT_METADATA_UPDATE",
	} {
		got, err := event.Decode(fmt.Appendf(nil, `{"specversion": "1.0", "type": "google.cloud.storage.object.v1.%s", "source": "s",
			"data": {"bucket": "b", "name": "k", "size": "1", "generation": "7"}}`, eventarc))
		require.NoError(t, err)
		assert.Equal(t, []event.Change{{Scheme: "gs", Bucket: "b", Key: "k", Name: eventarc}}, got.Changes)
		got, err = event.Decode(fmt.Appendf(nil, `{"message": {"attributes": {"eventType": %q, "bucketId": "b", "objectId": "k"}}, "subscription": "s"}`, notification))
		require.NoError(t, err)
		assert.Equal(t, []event.Change{{Scheme: "gs", Bucket: "b", Key: "k", Name: notification}}, got.Changes)
	}
}

func TestDecode_messagesInMessages(t *testing.T) {
	body := event.SweepMessage("prod")
	for depth := range 6 {
		m, err := event.Decode(body)
		if depth <= 3 {
			require.NoError(t, err)
			assert.Equal(t, "prod", m.Sweep)
		} else {
			require.ErrorIs(t, err, event.ErrUnknown, "%d", depth)
			assert.ErrorContains(t, err, "inside of more than 3 others")
		}
		body = pushed(nil, body)
	}
}

// pushed is the body of the request by which Pub/Sub pushes a message.
func pushed(attributes map[string]string, data []byte) []byte {
	body, _ := json.Marshal(map[string]any{
		"message": map[string]any{
			"attributes": attributes, "data": base64.StdEncoding.EncodeToString(data), "messageId": "1", "publishTime": "2026-03-01T12:00:00Z",
		},
		"subscription": "projects/test/subscriptions/dags",
	})
	return body
}

func TestDecode_recordedFromFakeGCS(t *testing.T) {
	broker := pstest.NewServer()
	defer broker.Close()
	_, err := broker.GServer.CreateTopic(t.Context(), &pubsubpb.Topic{Name: "projects/test/topics/dags"})
	require.NoError(t, err)
	server := fakegcs.Start(t, fakegcs.WithPubSub(broker.Addr, "test", "dags", "dags/"))
	keys := append([]string{"dags/new\nline.py"}, awkward...)
	for name, tc := range map[string]struct {
		bucket string
		names  []string
	}{
		"newest versions only": {server.Bucket(t), []string{"OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE"}},
		"all versions":         {server.Versioned(t), []string{"OBJECT_FINALIZE", "OBJECT_ARCHIVE", "OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_ARCHIVE"}},
	} {
		t.Run(name, func(t *testing.T) {
			broker.ClearMessages()
			server.Upload(t, tc.bucket, "other/x.py", []byte("x"))
			for _, key := range keys {
				server.Upload(t, tc.bucket, key, []byte("one"))
				server.Upload(t, tc.bucket, key, []byte("two"))
				annotate(t, server, tc.bucket, key)
				server.Delete(t, tc.bucket, key)
			}
			require.Eventually(t, func() bool { return len(broker.Messages()) >= len(keys)*len(tc.names) }, 10*time.Second, 10*time.Millisecond)
			var bodies []string
			for _, m := range broker.Messages() {
				assert.NotEmpty(t, m.Attributes["objectGeneration"])
				bodies = append(bodies, string(pushed(m.Attributes, m.Data)))
			}
			assert.ElementsMatch(t, history("gs://"+tc.bucket, keys, tc.names...), told(t, bodies))
		})
	}
}

// annotate changes an object's metadata.
func annotate(t *testing.T, server *fakegcs.Server, bucket, key string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch,
		server.Endpoint+"/storage/v1/b/"+bucket+"/o/"+url.PathEscape(key), strings.NewReader(`{"metadata": {"owner": "us"}}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
}
