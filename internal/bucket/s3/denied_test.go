package s3_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/fault"
)

// everything calls each method, and returns the errors by verb.
func everything(t *testing.T, b bucket.Bucket) map[string]error {
	t.Helper()
	ctx := t.Context()
	_, listed := b.List(ctx)
	_, opened := b.Open(ctx, bucket.Object{Key: "a.py", Size: 1, ETag: `"0123456789abcdef0123456789abcdef"`})
	_, got := b.Get(ctx, "a.py")
	_, created := b.Swap(ctx, "a.py", []byte("x"), "")
	_, swapped := b.Swap(ctx, "a.py", []byte("x"), `"0123456789abcdef0123456789abcdef"`)
	return map[string]error{
		"list": listed, "read pinned": opened, "read": got, "swap, create": created, "swap": swapped,
		"write": b.Put(ctx, "a.py", []byte("x")),
	}
}

func allDenied(t *testing.T, b bucket.Bucket, words ...string) {
	t.Helper()
	for verb, err := range everything(t, b) {
		require.Error(t, err, verb)
		assert.Equalf(t, fault.Denied, fault.Of(err), "%s: %v", verb, err)
		assert.True(t, strings.HasPrefix(err.Error(), verb[:4]), "%s: %v", verb, err)
		for _, word := range append(words, b.URL("")) {
			assert.ErrorContains(t, err, word, verb)
		}
	}
}

func TestMissingBucketIsDenied(t *testing.T) {
	s := open(t)
	s.bucket = "there-is-no-such-bucket"
	allDenied(t, s.At(t, "dags/"), "the bucket there-is-no-such-bucket does not exist")
}

func TestUnknownKeyIsDenied(t *testing.T) {
	s := open(t)
	cfg := s.server.Stranger()
	allDenied(t, s.at(t, "dags/", s3.Options{Config: &cfg}), "InvalidAccessKeyId")
}

func TestWrongSecretIsDenied(t *testing.T) {
	s := open(t)
	cfg := s.server.WrongSecret()
	allDenied(t, s.at(t, "dags/", s3.Options{Config: &cfg}), "SignatureDoesNotMatch")
}

func TestReaderMayNotWrite(t *testing.T) {
	s := open(t)
	s.Upload(t, "dags/a.py", []byte("a"))
	cfg := s.server.ReadOnly(t, s.bucket)
	b := s.at(t, "dags/", s3.Options{Config: &cfg})
	l, err := b.List(t.Context())
	require.NoError(t, err)
	r, err := b.Open(t.Context(), l.Objects[0])
	require.NoError(t, err)
	require.NoError(t, r.Close())

	for verb, err := range everything(t, b) {
		if strings.HasPrefix(verb, "swap") || verb == "write" {
			assert.Equal(t, fault.Denied, fault.Of(err), verb)
			assert.ErrorContains(t, err, b.URL("a.py"))
			assert.ErrorContains(t, err, "AccessDenied")
		}
	}
}

func TestOpen_malformedIsDenied(t *testing.T) {
	_, err := s3.Open(t.Context(), "acme/dags", s3.Options{})
	assert.Equal(t, fault.Denied, fault.Of(err))
}
