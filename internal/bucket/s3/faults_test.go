package s3_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/fault"
)

// through is a Bucket whose requests pass by the handler on their way to MinIO: number counts them from 1.
func (s store) through(t *testing.T, spoil func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler)) *s3.Bucket {
	t.Helper()
	target, err := url.Parse(s.server.Endpoint)
	require.NoError(t, err)
	forward := httputil.NewSingleHostReverseProxy(target) // keeps Host, which the signature covers
	var number atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		spoil(number.Add(1), w, r, forward)
	}))
	t.Cleanup(proxy.Close)
	cfg := s.server.Config()
	cfg.BaseEndpoint = &proxy.URL
	return s.at(t, "dags/", s3.Options{Config: &cfg})
}

func TestList_isTriedAgain(t *testing.T) {
	s := open(t)
	s.Upload(t, "dags/a.py", []byte("a"))
	began := time.Now()
	var second time.Time
	b := s.through(t, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if number == 1 {
			refuse(503, "SlowDown", "…", "")(w, r)
			return
		}
		second = time.Now()
		forward.ServeHTTP(w, r)
	})
	l, err := b.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"a.py"}, []string{l.Objects[0].Key})
	assert.Equal(t, map[string]int{"get": 0, "list": 2, "put": 0, "head": 0}, b.Requests(), "a retry is a request")
	assert.True(t, l.At.Began.After(began) && !l.At.Began.After(second) && l.At.Arrived.After(second), "the time is the last attempt's")
}

// The protocol's case: the write landed, its answer was lost, and the SDK's retry runs into it.
func TestSwap_lostAnswerIsAConflictThatReadingResolves(t *testing.T) {
	s := open(t)
	b := s.through(t, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if number == 1 {
			forward.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) //nolint:forbidigo // how a handler closes the connection
		}
		forward.ServeHTTP(w, r)
	})
	_, err := b.Swap(t.Context(), "state.json", []byte("mine"), "")
	require.ErrorIs(t, err, bucket.ErrConflict)
	v, err := b.Get(t.Context(), "state.json")
	require.NoError(t, err)
	assert.Equal(t, "mine", string(v.Data))
	assert.Equal(t, map[string]int{"get": 1, "list": 0, "put": 2, "head": 0}, b.Requests())
}

func TestOpen_lostConnectionIsTransient(t *testing.T) {
	s := open(t)
	s.Upload(t, "dags/a.py", []byte(strings.Repeat("x", 1<<20)))
	listed := find(t, s.At(t, "dags/"), "a.py")
	b := s.through(t, func(_ int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		forward.ServeHTTP(&shortWriter{ResponseWriter: w, left: 1000}, r)
	})
	r, err := b.Open(t.Context(), listed)
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.Error(t, err)
	assert.Equal(t, fault.Transient, fault.Of(err), err)
	assert.ErrorContains(t, err, "read "+b.URL("a.py"))
	require.NoError(t, r.Close())
}

// shortWriter ends the connection after so many bytes of a body.
type shortWriter struct {
	http.ResponseWriter
	left int
}

func (w *shortWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		w.ResponseWriter.Write(p[:1])
		http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler) //nolint:forbidigo // how a handler closes the connection
	}
	return w.ResponseWriter.Write(p)
}

func TestContextEndsARequestThatHangs(t *testing.T) {
	hang := make(chan struct{})
	b := open(t).through(t, func(_ int32, _ http.ResponseWriter, r *http.Request, _ http.Handler) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(hang) })
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := b.Swap(ctx, "state.json", []byte("x"), "")
		assert.Equal(t, fault.Transient, fault.Of(err), err)
		assert.Less(t, time.Since(began), time.Second)
	}
}

func TestStoreThatIsAwayIsTransient(t *testing.T) {
	s := open(t)
	nobody := "http://127.0.0.1:1"
	cfg := s.server.Config()
	cfg.BaseEndpoint, cfg.RetryMaxAttempts = &nobody, 1
	for verb, err := range everything(t, s.at(t, "dags/", s3.Options{Config: &cfg})) {
		assert.Equalf(t, fault.Transient, fault.Of(err), "%s: %v", verb, err)
	}
}

// Every setting from the environment, as the functions and the command line have it.
func TestOpen_environment(t *testing.T) {
	s := open(t)
	s.Upload(t, "dags/a.py", []byte("a"))
	for _, set := range append(s.server.Env(), "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull) {
		name, value, _ := strings.Cut(set, "=")
		t.Setenv(name, value)
	}
	b, err := s3.Open(t.Context(), "s3://"+s.bucket+"/dags", s3.Options{})
	require.NoError(t, err)
	assert.Equal(t, "a.py", find(t, b, "a.py").Key)
}

func TestOpen_withoutARegion(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	_, err := s3.Open(t.Context(), "s3://acme/dags/", s3.Options{})
	require.Error(t, err)
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, "no AWS region: set AWS_REGION")
	assert.NotContains(t, err.Error(), "source's", "there is no such setting")
	_, err = s3.Open(t.Context(), "s3://acme/dags/", s3.Options{Region: "eu-north-1"})
	require.NoError(t, err)
}

func find(t *testing.T, b bucket.Bucket, key string) bucket.Object {
	t.Helper()
	l, err := b.List(t.Context())
	require.NoError(t, err)
	for _, o := range l.Objects {
		if o.Key == key {
			return o
		}
	}
	require.Failf(t, "not listed", key)
	return bucket.Object{}
}
