package gcs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/buckettest"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/local/fakegcs"
)

// fake-gcs-server takes every control character; Cloud Storage refuses line ends ("Object name requirements").
func TestBucket(t *testing.T) {
	buckettest.Run(t, buckettest.Traits{Markers: true, Control: true}, func(t testing.TB) buckettest.Store { return open(t) })
}

// store is a bucket of fake-gcs-server, written without the client library.
type store struct {
	server *fakegcs.Server
	bucket string
}

func open(t testing.TB) store {
	server := fakegcs.Shared(t)
	return store{server, server.Bucket(t)}
}

func (s store) At(t testing.TB, prefix string) bucket.Bucket { return s.at(t, prefix, gcs.Options{}) }

func (s store) at(t testing.TB, prefix string, o gcs.Options) *gcs.Bucket {
	t.Helper()
	if o.Endpoint == "" {
		o.Endpoint = s.server.Endpoint
	}
	b, err := gcs.Open(t.Context(), "gs://"+s.bucket+"/"+prefix, o)
	require.NoError(t, err)
	return b
}

func (s store) Upload(t testing.TB, key string, data []byte) { s.server.Upload(t, s.bucket, key, data) }

func (s store) Delete(t testing.TB, key string) {
	t.Helper()
	s.server.Delete(t, s.bucket, key)
}
