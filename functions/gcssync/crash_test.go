package gcssync

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

// door is before the servers that the function calls, and counts its requests. At one of them the function is killed,
// before the request is sent on or after.
type door struct {
	mu    sync.Mutex
	count int
	at    int // no request when 0
	after bool
	kill  func()
}

func (d *door) before(t *testing.T, address string) (through string) {
	t.Helper()
	to, err := url.Parse(address)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: to.Scheme, Host: to.Host})
		r.Out.Host = r.In.Host // Astro's simulator makes the upload's address of it, which is to lead here too
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.count++
		now := d.count == d.at
		d.mu.Unlock()
		switch {
		case !now:
			proxy.ServeHTTP(w, r)
		case d.after:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			d.kill()
		default:
			d.kill()
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + to.Path
}

// The function is killed at each request of its run, and its message comes back: what the bucket holds is live in the
// end, with one deploy more at most.
func TestFunction_killedAtEachStep(t *testing.T) {
	s := prepared(t, astrotest.Options{})
	s.settle = "1ms"
	var d door
	s.start(d.before(t, s.gcs.Endpoint), d.before(t, s.sim.URL()))
	d.kill = s.service.Kill

	// again is a run over a new content, in which the function is killed at one of its requests.
	version := 0
	again := func(at int, after bool) (requests int) {
		version++
		body := fmt.Sprintf("A = %d\n", version)
		s.upload("a.py", body)
		before := s.deploys()
		d.mu.Lock()
		d.count, d.at, d.after = 0, at, after
		d.mu.Unlock()
		for s.post(s.changed("a.py")) != http.StatusNoContent {
			s.expireLease()
		}
		assert.Equal(t, "a.py", s.live())
		assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256([]byte(body))), s.sim.Live(deployment)[0].SHA256, "killed at request %d, after it: %v", at, after)
		made := s.deploys() - before
		assert.True(t, made == 1 || made == 2, "%d deploys", made)
		assert.NotContains(t, s.state(), `"holder": "2`)
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.count
	}
	again(0, false)
	requests := again(0, false)
	require.Greater(t, requests, 12)
	for at := 1; at <= requests; at++ {
		again(at, false)
		again(at, true)
	}
	t.Logf("killed %d times", 2*requests)
}

// expireLease has the lease of a run that died run out now, instead of in minutes.
func (s *stage) expireLease() {
	var state map[string]any
	if json.Unmarshal([]byte(s.state()), &state) != nil || state["holder"] == nil {
		return
	}
	state["leaseUntil"] = time.Now().Add(-time.Minute).UTC()
	data, err := json.Marshal(state)
	require.NoError(s, err)
	s.gcs.Upload(s, s.states, "state/"+deployment+"/state.json", data)
}
