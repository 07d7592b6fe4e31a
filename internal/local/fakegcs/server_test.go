package fakegcs_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/fakegcs"
)

func TestStart_objects(t *testing.T) {
	server := fakegcs.Start(t)
	bucket := server.Bucket(t)
	server.Upload(t, bucket, "dags/a b.py", []byte("a"))
	answer, err := http.Get(server.Endpoint + "/storage/v1/b/" + bucket + "/o/" + url.PathEscape("dags/a b.py") + "?alt=media")
	require.NoError(t, err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "a", string(data))
	assert.NotEmpty(t, answer.Header.Get("X-Goog-Generation"))
	server.Delete(t, bucket, "dags/a b.py")
}

func TestShared_bucketsAreOnesOwn(t *testing.T) {
	server := fakegcs.Shared(t)
	assert.Same(t, server, fakegcs.Shared(t))
	assert.NotEqual(t, server.Bucket(t), server.Bucket(t))
}
