package s3_test

import (
	"bytes"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/buckettest"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/local/minio"
)

func TestBucket(t *testing.T) {
	buckettest.Run(t, buckettest.Traits{Markers: true, Control: true}, newStore)
}

// store is a bucket of MinIO, written by the SDK's own client.
type store struct {
	server *minio.Server
	client *awss3.Client
	bucket string
}

func newStore(t testing.TB) buckettest.Store { return open(t) }

func open(t testing.TB) store {
	server := minio.Shared(t)
	return store{server, server.Client(), server.Bucket(t)}
}

func (s store) At(t testing.TB, prefix string) bucket.Bucket { return s.at(t, prefix, s3.Options{}) }

func (s store) at(t testing.TB, prefix string, o s3.Options) *s3.Bucket {
	t.Helper()
	if o.Config == nil {
		cfg := s.server.Config()
		o.Config = &cfg
	}
	b, err := s3.Open(t.Context(), "s3://"+s.bucket+"/"+prefix, o)
	require.NoError(t, err)
	return b
}

func (s store) Upload(t testing.TB, key string, data []byte) {
	_, err := s.client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(data),
	})
	if err != nil {
		t.Errorf("upload %q: %v", key, err)
	}
}

func (s store) Delete(t testing.TB, key string) {
	t.Helper()
	_, err := s.client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &s.bucket, Key: &key})
	require.NoError(t, err)
}
