package gcssync

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/event"
)

// The whole way: the bucket's own notifications, a topic, pushes side by side, the built function.
func TestFunction_mainJob(t *testing.T) {
	s := newStage(t, astrotest.Options{})
	s.subscribed()
	s.upload("etl.py", "import airflow\n")
	s.upload("lib/ü b+c.py", "X = 1\n")
	s.until("the upload is live", func() bool { return s.live() == "etl.py lib/ü b+c.py" })

	before := s.deploys()
	for i := range 100 {
		s.upload(fmt.Sprintf("burst/%03d.py", i), "X = 1\n")
	}
	s.until("the burst is live", func() bool { return len(s.sim.Live(deployment)) == 102 })
	assert.LessOrEqual(t, s.deploys(), before+2, "a burst is a deploy or two")

	s.upload("etl.py", "import airflow\nwith airflow.DAG('x'\n    pass\n")
	s.until("the mistake is refused", func() bool { return strings.Contains(s.log.String(), `"outcome":"rejected"`) })
	assert.Len(t, s.sim.Live(deployment), 102)

	s.gcs.Delete(t, s.dags, "prod/dags/etl.py")
	s.until("the deletion is live", func() bool { return len(s.sim.Live(deployment)) == 101 })
	s.until("the log is as Cloud Logging reads it", func() bool { return strings.Contains(s.log.String(), `"severity":"WARNING"`) })
}

func TestFunction_answersWhenTheWorkIsDone(t *testing.T) {
	s := newStage(t, astrotest.Options{})
	s.upload("a.py", "import airflow\n")
	assert.Equal(t, http.StatusNoContent, s.post(s.changed("a.py")))
	assert.Equal(t, "a.py", s.live())
	assert.Equal(t, http.StatusNoContent, s.post(s.changed("a.py")), "nothing to do")
	assert.Equal(t, http.StatusNoContent, s.post(bytes.ReplaceAll(s.changed("a.py"), []byte(s.dags), []byte("another"))), "nobody's")
	assert.Equal(t, http.StatusBadRequest, s.post([]byte(`{"hello": "world"}`)))
	assert.Equal(t, http.StatusBadRequest, s.post([]byte(`not JSON`)))
	assert.Equal(t, http.StatusNoContent, s.post(event.SweepMessage("prod")), "Cloud Scheduler's call")
	assert.Equal(t, http.StatusNoContent, s.post(pushed(nil, event.SweepMessage("prod"))), "Cloud Scheduler by Pub/Sub")
	answer, err := http.Get(s.url)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode)
}

// Eventarc's ways to say it.
func TestFunction_cloudEvents(t *testing.T) {
	s := newStage(t, astrotest.Options{})
	object := func(name string) string {
		return fmt.Sprintf(`{"bucket": %q, "name": "prod/dags/%s", "generation": "1", "size": "3"}`, s.dags, name)
	}
	const finalized = "google.cloud.storage.object.v1.finalized"
	s.upload("a.py", "import airflow\n")
	assert.Equal(t, http.StatusNoContent, s.post([]byte(object("a.py")), "Content-Type", "application/json",
		"Ce-Id", "1", "Ce-Specversion", "1.0", "Ce-Type", finalized, "Ce-Source", "//storage.googleapis.com/projects/_/buckets/b", "Ce-Time", "2026-03-01T12:00:00Z"))
	assert.Equal(t, "a.py", s.live())
	s.upload("b.py", "import airflow\n")
	assert.Equal(t, http.StatusNoContent, s.post(fmt.Appendf(nil, `{"specversion": "1.0", "id": "2", "type": %q, "source": "s", "data": %s}`, finalized, object("b.py")),
		"Content-Type", "application/cloudevents+json"))
	assert.Equal(t, "a.py b.py", s.live())
	s.upload("c.py", "import airflow\n")
	assert.Equal(t, http.StatusNoContent, s.post(s.changed("c.py"), "Content-Type", "application/json", "Ce-Id", "3", "Ce-Specversion", "1.0",
		"Ce-Type", "google.cloud.pubsub.topic.v1.messagePublished", "Ce-Source", "//pubsub.googleapis.com/projects/p/topics/t"))
	assert.Equal(t, "a.py b.py c.py", s.live())
	assert.Equal(t, http.StatusBadRequest, s.post([]byte(object("c.py")), "Ce-Id", "4", "Ce-Specversion", "1.0", "Ce-Type", "com.example.unknown", "Ce-Source", "s"))
	s.until("its type is logged", func() bool { return strings.Contains(s.log.String(), "com.example.unknown") })
}

// One run at a time, and one more for all that came meanwhile; each is answered by the run that covers it.
func TestFunction_requestsWaitForTheRunThatCoversThem(t *testing.T) {
	s := newStage(t, astrotest.Options{FinalizeTakes: 2 * time.Second})
	s.upload("a.py", "A = 1\n")
	var group sync.WaitGroup
	group.Go(func() { assert.Equal(t, http.StatusNoContent, s.post(s.changed("a.py"))) })
	s.until("the first is finalized", func() bool { return strings.Contains(s.state(), `"intent": {`) })
	s.upload("b.py", "B = 1\n")
	var early atomic.Int64
	for range 20 {
		group.Go(func() {
			assert.Equal(t, http.StatusNoContent, s.post(s.changed("b.py")))
			if s.live() != "a.py b.py" {
				early.Add(1)
			}
		})
	}
	group.Wait()
	assert.Zero(t, early.Load(), "answered before its upload was live")
	assert.Equal(t, 2, s.deploys())
}

// The maximum of one instance may be exceeded for a moment: another one's lease answers 503.
func TestFunction_anotherInstancesLease(t *testing.T) {
	s := newStage(t, astrotest.Options{})
	s.upload("a.py", "A = 1\n")
	s.gcs.Upload(t, s.states, "state/"+deployment+"/state.json", fmt.Appendf(nil, `{"version":1,"lineage":"l","fence":1,"holder":"r","leaseUntil":%q}`,
		time.Now().Add(5*time.Second).UTC().Format(time.RFC3339)))
	assert.Equal(t, http.StatusServiceUnavailable, s.post(s.changed("a.py")))
	assert.Empty(t, s.live())
	s.until("it is free", func() bool { return s.post(s.changed("a.py")) == http.StatusNoContent })
	assert.Equal(t, "a.py", s.live())
}

func TestFunction_stopsAtASafeStep(t *testing.T) {
	s := newStage(t, astrotest.Options{FinalizeTakes: 3 * time.Second})
	s.upload("a.py", "A = 1\n")
	var group sync.WaitGroup
	group.Go(func() { s.post(s.changed("a.py")) })
	s.until("the intent is written", func() bool { return strings.Contains(s.state(), `"intent": {`) })
	require.NoError(t, s.service.Terminate())
	group.Wait()
	assert.Equal(t, "a.py", s.live())
	assert.Contains(t, s.state(), `"deployed": {`)
	assert.NotContains(t, s.state(), `"holder": "2`, "nobody has to wait for the lease")
}
