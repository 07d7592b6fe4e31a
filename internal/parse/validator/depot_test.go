package validator_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/validator"
)

// limit is of a transport that does not take large.
const limit = 1000

// large is a tree that no compression makes small enough.
func large() fstest.MapFS {
	data := make([]byte, 2*limit)
	_, _ = rand.Read(data)
	return fstest.MapFS{"a.py": tree["a.py"], "data.bin": {Data: data}}
}

// state is a bucket with a Deployment's state.
func state(t *testing.T) (*s3.Bucket, validator.Depot) {
	t.Helper()
	server := minio.Shared(t)
	b := opened(t, server.Config(), server.Bucket(t))
	return b, lending(b)
}

func lending(s validator.Store) validator.Depot {
	return validator.Depot{Prefix: "clx/validator/", Open: func(context.Context) (validator.Store, error) { return s, nil }}
}

func opened(t *testing.T, cfg aws.Config, name string) *s3.Bucket {
	t.Helper()
	b, err := s3.Open(t.Context(), "s3://"+name, s3.Options{Config: &cfg})
	require.NoError(t, err)
	return b
}

// empty says that nothing is left in a bucket.
func empty(t *testing.T, b *s3.Bucket) {
	t.Helper()
	l, err := b.List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, l.Objects)
}

// asked is what an importer is sent.
type asked struct {
	Bundle   []byte
	BundleAt *struct {
		URL, SHA256, Address string
		Size                 int
	}
	Budget float64
}

// importing answers requests, and returns what was asked last.
func importing(t *testing.T, answer func(w http.ResponseWriter, asked asked)) (small, *asked) {
	t.Helper()
	var last asked
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last = asked{}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&last))
		answer(w, last)
	}))
	t.Cleanup(server.Close)
	return small{validator.HTTP{URL: server.URL}, limit}, &last
}

func TestImport_largeBundleIsLentByAURL(t *testing.T) {
	b, depot := state(t)
	to, last := importing(t, func(w http.ResponseWriter, asked asked) {
		if asked.BundleAt != nil {
			bundle := fetched(t, asked.BundleAt.URL)
			sum := sha256.Sum256(bundle)
			assert.Equal(t, asked.BundleAt.SHA256, hex.EncodeToString(sum[:]))
			assert.Len(t, bundle, asked.BundleAt.Size)
		}
		_, _ = io.WriteString(w, good)
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, err := validator.Import(ctx, to, large(), []string{"a.py"}, validator.Options{Depot: depot})
	require.NoError(t, err)
	assert.Equal(t, "3.3.2", a.Airflow)
	assert.Empty(t, last.Bundle)
	assert.Equal(t, "127.0.0.1", last.BundleAt.Address)
	assert.Contains(t, last.BundleAt.URL, "/clx/validator/")
	assert.Contains(t, last.BundleAt.URL, "X-Amz-Expires=300&")
	assert.InDelta(t, 50, last.Budget, 10)
	empty(t, b)

	_, err = validator.Import(ctx, to, tree, []string{"a.py"}, validator.Options{Depot: depot})
	require.NoError(t, err)
	assert.NotEmpty(t, last.Bundle, "a small one needs no depot")
	assert.Nil(t, last.BundleAt)
	assert.Equal(t, 1, b.Requests()["put"])
}

// fetched is what a URL reads, without any credentials.
func fetched(t *testing.T, url string) []byte {
	answer, err := http.Get(url)
	if !assert.NoError(t, err) {
		return nil
	}
	defer answer.Body.Close()
	bundle, err := io.ReadAll(answer.Body)
	assert.NoError(t, err)
	return bundle
}

// The largest request that is sent is one of the limit, to the byte.
func TestImport_limitIsExact(t *testing.T) {
	_, depot := state(t)
	var size int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		size = len(body)
		_, _ = io.WriteString(w, good)
	}))
	t.Cleanup(server.Close)
	ask := func(limit int) {
		_, err := validator.Import(t.Context(), small{validator.HTTP{URL: server.URL}, limit}, tree, []string{"a.py"}, validator.Options{Depot: depot})
		require.NoError(t, err)
	}
	ask(100_000)
	inline := size
	ask(inline)
	assert.Equal(t, inline, size)
	ask(inline - 1)
	assert.NotEqual(t, inline, size, "it went by the depot")
}

func TestImport_urlIsInNoErrorAndTheBundleGoes(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, asked){
		"an error that has it": func(w http.ResponseWriter, asked asked) {
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "no " + asked.BundleAt.URL})
		},
		"no JSON that has it": func(w http.ResponseWriter, asked asked) {
			_, _ = io.WriteString(w, asked.BundleAt.URL[len("http://127.0.0.1:65535"):])
		},
		"a refusal": func(w http.ResponseWriter, _ asked) { w.WriteHeader(http.StatusInternalServerError) },
		"a connection that ends": func(w http.ResponseWriter, _ asked) {
			if c, _, err := w.(http.Hijacker).Hijack(); assert.NoError(t, err) {
				_ = c.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, depot := state(t)
			to, last := importing(t, answer)
			_, err := validator.Import(t.Context(), to, large(), []string{"a.py"}, validator.Options{Depot: depot})
			unavailable := (*validator.UnavailableError)(nil)
			require.ErrorAs(t, err, &unavailable)
			_, query, _ := strings.Cut(last.BundleAt.URL, "?")
			assert.NotContains(t, err.Error(), query[len(query)-40:], "the end of the signature")
			empty(t, b)
		})
	}
}

// repeating is a transport whose errors have what was sent.
type repeating struct{ small }

func (r repeating) Call(_ context.Context, request []byte) ([]byte, error) {
	var asked asked
	if err := json.Unmarshal(request, &asked); err != nil {
		return nil, err
	}
	return nil, errors.New("cannot send " + asked.BundleAt.URL)
}

func TestImport_urlIsInNoErrorOfATransport(t *testing.T) {
	_, depot := state(t)
	to, _ := importing(t, nil)
	_, err := validator.Import(t.Context(), repeating{to}, large(), []string{"a.py"}, validator.Options{Depot: depot})
	require.ErrorContains(t, err, "cannot send http")
	assert.ErrorContains(t, err, "[redacted]")
	assert.NotContains(t, err.Error(), "X-Amz-")
}

func TestImport_bundleGoesWhenTheCallerGivesUp(t *testing.T) {
	b, depot := state(t)
	began, end := make(chan struct{}), make(chan struct{})
	to, _ := importing(t, func(http.ResponseWriter, asked) { close(began); <-end })
	t.Cleanup(func() { close(end) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() {
		_, err := validator.Import(ctx, to, large(), []string{"a.py"}, validator.Options{Depot: depot})
		ended <- err
	}()
	<-began
	l, err := b.List(t.Context())
	require.NoError(t, err)
	require.Len(t, l.Objects, 1)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	empty(t, b)
}

func TestImport_withoutADepotALargeBundleIsRefused(t *testing.T) {
	to, _ := importing(t, func(http.ResponseWriter, asked) { assert.Fail(t, "it was sent") })
	_, err := validator.Import(t.Context(), to, large(), []string{"a.py"}, validator.Options{})
	assert.ErrorContains(t, err, "is the most that it takes")
	assert.ErrorContains(t, err, "name one by --target")

	closed := validator.Depot{Open: func(context.Context) (validator.Store, error) { return nil, errors.New("it is closed") }}
	_, err = validator.Import(t.Context(), to, large(), []string{"a.py"}, validator.Options{Depot: closed})
	unavailable := (*validator.UnavailableError)(nil)
	require.ErrorAs(t, err, &unavailable)
	assert.ErrorContains(t, err, "it is closed; or move large files out of the DAGs")
}

func TestImport_storeThatRefuses(t *testing.T) {
	server := minio.Shared(t)
	depot := lending(opened(t, server.Stranger(), server.Bucket(t)))
	to, _ := importing(t, func(http.ResponseWriter, asked) { assert.Fail(t, "it was sent") })
	got, err := validator.Check(t.Context(), to, large(), read("a.py"), validator.Settings{Options: validator.Options{Depot: depot}})
	require.NoError(t, err)
	require.Len(t, got.Findings, 1, "that nothing can be removed needs no words")
	assert.Equal(t, parse.RuleUnavailable, got.Findings[0].Rule)
	assert.Equal(t, parse.Block, got.Findings[0].Severity)
	assert.Regexp(t, "ask the validator .*: write s3://.*/clx/validator/.*InvalidAccessKeyId", got.Findings[0].Message)
}

// keeping is a store that lets one write and read, and not remove.
type keeping struct {
	*s3.Bucket
	stranger *s3.Bucket
}

func (k keeping) Remove(ctx context.Context, key string) error { return k.stranger.Remove(ctx, key) }

func TestCheck_whatIsLeftInTheStoreWarns(t *testing.T) {
	server := minio.Shared(t)
	name := server.Bucket(t)
	depot := lending(keeping{opened(t, server.Config(), name), opened(t, server.Stranger(), name)})
	for body, blocks := range map[string]bool{good: false, "{}": true} {
		to, _ := importing(t, func(w http.ResponseWriter, _ asked) { _, _ = io.WriteString(w, body) })
		got, err := validator.Check(t.Context(), to, large(), read("a.py"), validator.Settings{Options: validator.Options{Depot: depot}})
		require.NoError(t, err)
		assert.Equal(t, blocks, got.Blocked(), got.Findings)
		last := got.Findings[len(got.Findings)-1]
		assert.Equal(t, parse.Warn, last.Severity)
		assert.Regexp(t, "stays until a lifecycle rule, or you, remove it: remove s3://.*/clx/validator/.*InvalidAccessKeyId", last.Message)
	}
}
