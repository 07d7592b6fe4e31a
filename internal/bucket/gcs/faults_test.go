package gcs_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/fault"
)

type spoiler func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler)

// through is a Bucket whose requests pass by the handler on their way to fake-gcs-server: number counts them from 1.
func (s store) through(t *testing.T, o gcs.Options, spoil spoiler) *gcs.Bucket {
	t.Helper()
	target, err := url.Parse(s.server.Endpoint)
	require.NoError(t, err)
	forward := httputil.NewSingleHostReverseProxy(target)
	var number atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		spoil(number.Add(1), w, r, forward)
	}))
	t.Cleanup(proxy.Close)
	o.Endpoint = proxy.URL
	return s.at(t, "dags/", o)
}

func hangUp() { panic(http.ErrAbortHandler) } //nolint:forbidigo // how a handler closes the connection

func counts(get, list, put int) map[string]int {
	return map[string]int{"get": get, "list": list, "put": put, "head": 0}
}

func TestList_isTriedAgain(t *testing.T) {
	s := open(t)
	s.Upload(t, "dags/a.py", []byte("a"))
	began := time.Now()
	var second time.Time
	b := s.through(t, gcs.Options{}, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if number == 1 {
			refuse(503, "backendError", "…")(w, r)
			return
		}
		second = time.Now()
		forward.ServeHTTP(w, r)
	})
	l, err := b.List(t.Context())
	require.NoError(t, err)
	require.Len(t, l.Objects, 1)
	assert.Equal(t, "a.py", l.Objects[0].Key)
	assert.Equal(t, counts(0, 2, 0), b.Requests(), "a repetition is a request")
	assert.True(t, l.At.Began.After(began) && !l.At.Began.After(second) && l.At.Arrived.After(second), "the time is the last attempt's")
}

// Tries are counted by page: a long listing may meet more faults than a call has tries.
func TestList_everyPageIsTriedAgain(t *testing.T) {
	number := 0
	b := asking(t, func(w http.ResponseWriter, r *http.Request) {
		switch number++; number {
		case 2:
			fmt.Fprint(w, page("more", entry("dags/a", 1, "")))
		case 4:
			fmt.Fprint(w, page("", entry("dags/b", 2, "")))
		default:
			refuse(503, "backendError", "…")(w, r)
		}
	}, gcs.Options{Attempts: 2})
	l, err := b.List(t.Context())
	require.NoError(t, err)
	assert.Len(t, l.Objects, 2)
	assert.Equal(t, counts(0, 4, 0), b.Requests())
}

// HTTP/2, which Cloud Storage speaks, has errors of its own for an answer that breaks off.
func TestList_brokenStreamIsTransient(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		fmt.Fprint(w, page("", entry("dags/a", 1, ""))[:40])
		http.NewResponseController(w).Flush()
		hangUp()
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	b := open(t).at(t, "dags/", gcs.Options{Endpoint: server.URL, Transport: server.Client().Transport, Attempts: 1})
	_, err := b.List(t.Context())
	require.Error(t, err)
	assert.Equal(t, fault.Transient, fault.Of(err), err)
}

// The protocol's case: the write landed, its answer was lost, and the client's repetition runs into it.
func TestSwap_lostAnswerIsAConflictThatReadingResolves(t *testing.T) {
	s := open(t)
	b := s.through(t, gcs.Options{}, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if number == 1 {
			forward.ServeHTTP(httptest.NewRecorder(), r)
			hangUp()
		}
		forward.ServeHTTP(w, r)
	})
	_, err := b.Swap(t.Context(), "state.json", []byte("mine"), "")
	require.ErrorIs(t, err, bucket.ErrConflict)
	v, err := b.Get(t.Context(), "state.json")
	require.NoError(t, err)
	assert.Equal(t, "mine", string(v.Data))
	assert.Equal(t, counts(1, 0, 2), b.Requests())
}

// No try was answered: neither a conflict, nor a refusal after which nothing was written.
func TestSwap_withoutAnyAnswerIsUnknown(t *testing.T) {
	s := open(t)
	b := s.through(t, gcs.Options{Attempts: 2}, func(_ int32, _ http.ResponseWriter, r *http.Request, forward http.Handler) {
		forward.ServeHTTP(httptest.NewRecorder(), r)
		hangUp()
	})
	_, err := b.Swap(t.Context(), "state.json", []byte("mine"), "")
	require.Error(t, err)
	assert.NotErrorIs(t, err, bucket.ErrConflict)
	assert.Equal(t, fault.Transient, fault.Of(err), err)
	assert.Equal(t, counts(0, 0, 2), b.Requests())
	v, err := s.At(t, "dags/").Get(t.Context(), "state.json")
	require.NoError(t, err)
	assert.Equal(t, "mine", string(v.Data), "it landed")
}

// A refusal says that nothing was written. It does not say so of the tries before it.
func TestSwap_refusedAfterALostAnswerIsUnknown(t *testing.T) {
	s := open(t)
	b := s.through(t, gcs.Options{}, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if number == 1 {
			forward.ServeHTTP(httptest.NewRecorder(), r)
			hangUp()
		}
		refuse(403, "forbidden", "…")(w, r)
	})
	_, err := b.Swap(t.Context(), "state.json", []byte("mine"), "")
	require.ErrorContains(t, err, "403 forbidden")
	assert.Equal(t, fault.Transient, fault.Of(err))
}

func tooSoon(w http.ResponseWriter, r *http.Request) {
	refuse(429, "rateLimitExceeded", "The object acme/dags/state.json exceeded the rate limit for object mutation operations.")(w, r)
}

// About one write a second of an object is allowed: the next one waits, and is still compared.
func TestSwap_tooSoonIsWrittenLater(t *testing.T) {
	s := open(t)
	b := s.through(t, gcs.Options{}, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if number == 1 {
			tooSoon(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	})
	v, err := b.Swap(t.Context(), "state.json", []byte("one"), "")
	require.NoError(t, err)
	got, err := b.Get(t.Context(), "state.json")
	require.NoError(t, err)
	assert.Equal(t, v.Version, got.Version)
	assert.Equal(t, counts(1, 0, 2), b.Requests())
}

// It was too soon because somebody else wrote: the repetition must not overwrite that.
func TestSwap_tooSoonBecauseSomebodyElseWrote(t *testing.T) {
	s := open(t)
	b := s.through(t, gcs.Options{}, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if number == 1 {
			s.Upload(t, "dags/state.json", []byte("theirs"))
			tooSoon(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	})
	_, err := b.Swap(t.Context(), "state.json", []byte("mine"), "")
	require.ErrorIs(t, err, bucket.ErrConflict)
	v, err := b.Get(t.Context(), "state.json")
	require.NoError(t, err)
	assert.Equal(t, "theirs", string(v.Data))
}

// Nobody loops: whatever is asked for, it ends.
func TestAttempts_areBounded(t *testing.T) {
	b := asking(t, tooSoon, gcs.Options{Attempts: 2})
	for verb, err := range everything(t, b) {
		require.Error(t, err, verb)
		assert.Equal(t, fault.Transient, fault.Of(err), err)
		assert.NotErrorIs(t, err, bucket.ErrConflict)
	}
	assert.Equal(t, counts(4, 2, 6), b.Requests(), "two of each call")
}

func TestOpen_brokenConnectionIsOpenedWhereItBroke(t *testing.T) {
	s := open(t)
	data := strings.Repeat("0123456789", 100<<10)
	s.Upload(t, "dags/a.py", []byte(data))
	listed := find(t, s.At(t, "dags/"), "a.py")
	var ranges []string
	b := s.through(t, gcs.Options{}, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		ranges = append(ranges, r.Header.Get("Range"))
		assert.Equal(t, fmt.Sprint(listed.Generation), r.URL.Query().Get("generation"), "the rest is the same generation's")
		if number == 1 {
			w = &shortWriter{ResponseWriter: w, left: 1000}
		}
		forward.ServeHTTP(w, r)
	})
	r, err := b.Open(t.Context(), listed)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.True(t, data == string(got))
	require.NoError(t, r.Close())
	require.Len(t, ranges, 2)
	assert.Empty(t, ranges[0])
	assert.Regexp(t, `^bytes=\d+-$`, ranges[1])
}

func TestOpen_connectionThatBreaksTimeAndAgain(t *testing.T) {
	s := open(t)
	s.Upload(t, "dags/a.py", []byte(strings.Repeat("x", 1<<20)))
	listed := find(t, s.At(t, "dags/"), "a.py")
	b := s.through(t, gcs.Options{}, func(_ int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		forward.ServeHTTP(&shortWriter{ResponseWriter: w, left: 1000}, r)
	})
	r, err := b.Open(t.Context(), listed)
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.Error(t, err)
	assert.Equal(t, fault.Transient, fault.Of(err), err)
	assert.ErrorContains(t, err, "read "+b.URL("a.py"))
	require.NoError(t, r.Close())
	assert.Equal(t, counts(5, 0, 0), b.Requests())
}

func TestOpen_goneWhenItIsOpenedAnew(t *testing.T) {
	s := open(t)
	s.Upload(t, "dags/a.py", []byte(strings.Repeat("x", 1<<20)))
	listed := find(t, s.At(t, "dags/"), "a.py")
	b := s.through(t, gcs.Options{}, func(number int32, w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if number == 2 {
			say(404, "No such object: acme/dags/a.py")(w, r)
			return
		}
		forward.ServeHTTP(&shortWriter{ResponseWriter: w, left: 1000}, r)
	})
	r, err := b.Open(t.Context(), listed)
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.ErrorIs(t, err, bucket.ErrChanged)
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
		hangUp()
	}
	return w.ResponseWriter.Write(p)
}

func TestContextEndsARequestThatHangs(t *testing.T) {
	hang := make(chan struct{})
	b := open(t).through(t, gcs.Options{}, func(_ int32, _ http.ResponseWriter, r *http.Request, _ http.Handler) {
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
	b := open(t).at(t, "dags/", gcs.Options{Endpoint: "http://127.0.0.1:1", Attempts: 1})
	for verb, err := range everything(t, b) {
		assert.Equalf(t, fault.Transient, fault.Of(err), "%s: %v", verb, err)
	}
}

func TestMissingBucketIsDenied(t *testing.T) {
	s := open(t)
	s.bucket = "there-is-no-such-bucket"
	for verb, err := range everything(t, s.At(t, "dags/")) {
		if strings.HasPrefix(verb, "read") { // fake-gcs-server says the same of a missing object there
			continue
		}
		assert.Equal(t, fault.Denied, fault.Of(err), verb)
		assert.ErrorContains(t, err, "the bucket there-is-no-such-bucket does not exist", verb)
	}
}

// The variable that every client of Cloud Storage knows, with a scheme and without.
func TestOpen_environment(t *testing.T) {
	s := open(t)
	s.Upload(t, "dags/a.py", []byte("a"))
	for _, set := range []string{s.server.Endpoint, strings.TrimPrefix(s.server.Endpoint, "http://"), s.server.Endpoint + "/"} {
		t.Setenv("STORAGE_EMULATOR_HOST", set)
		b, err := gcs.Open(t.Context(), "gs://"+s.bucket+"/dags", gcs.Options{})
		require.NoError(t, err)
		assert.Equal(t, "a.py", find(t, b, "a.py").Key)
		_, err = b.Swap(t.Context(), "state.json", []byte("{}"), "")
		require.NoError(t, err)
		require.NoError(t, b.Put(t.Context(), "b.py", nil))
		s.Delete(t, "dags/state.json")
	}
}

func TestOpen_malformedIsDenied(t *testing.T) {
	_, err := gcs.Open(t.Context(), "acme/dags", gcs.Options{})
	assert.Equal(t, fault.Denied, fault.Of(err))
	_, err = gcs.Open(t.Context(), "gs://acme/dags", gcs.Options{Endpoint: "::"})
	assert.Equal(t, fault.Denied, fault.Of(err))
}

// Versions that are not the newest are not listed, and can still be read.
func TestBucketWithVersions(t *testing.T) {
	s := open(t)
	s.bucket = s.server.Versioned(t)
	b := s.At(t, "dags/")
	s.Upload(t, "dags/a.py", []byte("one"))
	one := find(t, b, "a.py")
	s.Upload(t, "dags/a.py", []byte("two"))
	s.Upload(t, "dags/gone.py", nil)
	s.Delete(t, "dags/gone.py")
	l, err := b.List(t.Context())
	require.NoError(t, err)
	require.Len(t, l.Objects, 1)
	assert.NotEqual(t, one.Generation, l.Objects[0].Generation)
	for listed, want := range map[bucket.Object]string{one: "one", l.Objects[0]: "two"} {
		r, err := b.Open(t.Context(), listed)
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
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
