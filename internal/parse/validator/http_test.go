package validator_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse/validator"
)

const good = `{"version": 1, "airflow": "3.3.2", "files": [{"path": "a.py", "findings": [], "dags": []}]}`

var tree = fstest.MapFS{"a.py": {Data: []byte("import airflow")}}

// serving answers all requests with a status and a body, and counts them.
func serving(t *testing.T, status int, body string) (validator.HTTP, *atomic.Int32) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return validator.HTTP{URL: server.URL, Pause: time.Millisecond}, &requests
}

func TestImport_noUsableAnswerIsUnavailable(t *testing.T) {
	for name, c := range map[string]struct {
		status   int
		body     string
		want     string
		requests int32
	}{
		"not let in":            {403, "", "roles/run.invoker", 1},
		"busy":                  {429, "", "it answered 429", 4},
		"starting":              {503, "", "it answered 503", 4},
		"broken":                {500, "", "it answered 500 Internal Server Error", 1},
		"elsewhere":             {307, "", "it answered 307", 1},
		"bad request of others": {400, "<html>", "it answered 400", 1},
		"refused":               {400, `{"error": "the bundle cannot be unpacked"}`, "the bundle cannot be unpacked", 1},
		"no JSON":               {200, "<html>", "makes no sense", 1},
		"another version":       {200, `{"version": 2}`, "of version 2", 1},
		"too few files":         {200, `{"version": 1, "files": []}`, "about 0 files, and 1 were asked about", 1},
		"other files":           {200, strings.Replace(good, "a.py", "b.py", 1), `about "b.py"`, 1},
		"an error":              {200, `{"error": "Airflow cannot be imported"}`, "Airflow cannot be imported", 1},
		"endless":               {200, strings.Repeat(" ", validator.MaxAnswer+1), "larger than 16 MB", 1},
	} {
		t.Run(name, func(t *testing.T) {
			to, requests := serving(t, c.status, c.body)
			_, err := validator.Import(t.Context(), to, tree, []string{"a.py"}, validator.Options{})
			var unavailable *validator.UnavailableError
			require.ErrorAs(t, err, &unavailable)
			assert.ErrorContains(t, err, "ask the validator "+to.URL)
			assert.ErrorContains(t, err, c.want)
			assert.Equal(t, c.requests, requests.Load())
		})
	}
}

func TestImport_silenceIsUnavailable(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(stop) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := validator.Import(ctx, validator.HTTP{URL: server.URL}, tree, []string{"a.py"}, validator.Options{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var unavailable *validator.UnavailableError
	require.ErrorAs(t, err, &unavailable)

	gone, end := context.WithCancel(t.Context())
	end()
	_, err = validator.Import(gone, validator.HTTP{URL: server.URL}, tree, []string{"a.py"}, validator.Options{})
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorAs(t, err, &unavailable, "the caller gave up; nothing is said of the validator")
}

func TestImport_bundleAboveTheLimitIsNotSent(t *testing.T) {
	to, requests := serving(t, 200, good)
	_, err := validator.Import(t.Context(), small{to, 100}, tree, []string{"a.py"}, validator.Options{})
	assert.ErrorContains(t, err, "is the most that it takes")
	assert.Zero(t, requests.Load())
}

// small is a transport that takes less.
type small struct {
	validator.Transport
	limit int
}

func (s small) Limit() int { return s.limit }

func TestHTTP_tokenAndPatience(t *testing.T) {
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") == "Bearer the-token" && bytes.Contains(body, []byte(`"files":["a.py"]`)) {
			_, _ = io.WriteString(w, good)
		}
	}))
	t.Cleanup(server.Close)
	to := validator.HTTP{URL: server.URL, Pause: time.Millisecond, Authorize: func(context.Context) (string, error) { return "the-token", nil }}
	a, err := validator.Import(t.Context(), to, tree, []string{"a.py"}, validator.Options{})
	require.NoError(t, err)
	assert.Equal(t, "3.3.2", a.Airflow)
}
