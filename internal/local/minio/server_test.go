package minio_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/minio"
)

func TestStart_webhook(t *testing.T) {
	events := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct{ EventName, Key string }
		if body, err := io.ReadAll(r.Body); err == nil && json.Unmarshal(body, &event) == nil && event.Key != "" {
			events <- event.EventName + " " + event.Key
		}
	}))
	defer hook.Close()
	server := minio.Start(t, minio.WithWebhook(hook.URL))
	bucket := server.Bucket(t)
	server.Notify(t, bucket, "dags/")
	for _, key := range []string{"other/a.py", "dags/a.py"} {
		_, err := server.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("a")})
		require.NoError(t, err)
	}
	_, err := server.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("dags/a.py")})
	require.NoError(t, err)

	got := []string{next(t, events), next(t, events)} // in any order
	assert.ElementsMatch(t, []string{"s3:ObjectCreated:Put " + bucket + "/dags/a.py", "s3:ObjectRemoved:Delete " + bucket + "/dags/a.py"}, got)
}

func next(t *testing.T, events <-chan string) string {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(10 * time.Second):
		require.Fail(t, "no event came")
		return ""
	}
}

func TestShared_bucketsAreOnesOwn(t *testing.T) {
	server := minio.Shared(t)
	assert.Same(t, server, minio.Shared(t))
	assert.NotEqual(t, server.Bucket(t), server.Bucket(t))
}
