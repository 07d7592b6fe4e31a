package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/fault"
)

// get asks a URL without any credentials.
func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, said
}

func TestPresign_readsOneObjectUntilItIsRemoved(t *testing.T) {
	s := open(t)
	b := s.at(t, "state/", s3.Options{})
	data := bytes.Repeat([]byte{0, 1, 0xff}, 3<<20)
	require.NoError(t, b.Put(t.Context(), "clx/validator/a", data))
	require.NoError(t, b.Put(t.Context(), "clx/state.json", []byte("{}")))

	url, err := b.Presign(t.Context(), "clx/validator/a", time.Minute)
	require.NoError(t, err)
	status, said := get(t, url.Reveal())
	assert.Equal(t, http.StatusOK, status)
	assert.True(t, bytes.Equal(data, said))
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", url, url, url, url), "Signature", "it is no text by accident")

	status, _ = get(t, strings.Replace(url.Reveal(), "clx/validator/a", "clx/state.json", 1))
	assert.Equal(t, http.StatusForbidden, status, "another object")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url.Reveal(), strings.NewReader("x"))
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusForbidden, answer.StatusCode, "writing")

	require.NoError(t, b.Remove(t.Context(), "clx/validator/a"))
	status, _ = get(t, url.Reveal())
	assert.Equal(t, http.StatusNotFound, status)
	require.NoError(t, b.Remove(t.Context(), "clx/validator/a"), "it is gone already")
	_, err = b.Get(t.Context(), "clx/validator/a")
	require.ErrorIs(t, err, bucket.ErrNotExist)
	assert.Equal(t, 2, b.Requests()["delete"])
}

func TestPresign_ends(t *testing.T) {
	s := open(t)
	b := s.at(t, "", s3.Options{})
	require.NoError(t, b.Put(t.Context(), "a", []byte("a")))
	url, err := b.Presign(t.Context(), "a", time.Second)
	require.NoError(t, err)
	assert.Contains(t, url.Reveal(), "X-Amz-Expires=1&")
	assert.Eventually(t, func() bool {
		status, said := get(t, url.Reveal())
		return status == http.StatusForbidden && bytes.Contains(said, []byte("<Code>AccessDenied</Code>"))
	}, 20*time.Second, 100*time.Millisecond)
}

func TestRemove_readerMayNot(t *testing.T) {
	s := open(t)
	s.Upload(t, "a", []byte("a"))
	cfg := s.server.ReadOnly(t, s.bucket)
	err := s.at(t, "", s3.Options{Config: &cfg}).Remove(t.Context(), "a")
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, "remove s3://"+s.bucket+"/a")
}

func TestPresign_withoutCredentialsIsDenied(t *testing.T) {
	s := open(t)
	cfg := s.server.Config()
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no EC2 IMDS role found") // the last words of the SDK's chain
	})
	_, err := s.at(t, "", s3.Options{Config: &cfg}).Presign(t.Context(), "a", time.Minute)
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, "sign a URL of s3://"+s.bucket+"/a")
}
