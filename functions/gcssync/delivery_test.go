package gcssync

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

// Five hundred pushes at the same moment, each twice, and in no order: more than an instance takes at a time.
func TestFunction_fiveHundredAtOnce(t *testing.T) {
	s := newStage(t, astrotest.Options{})
	var bodies [][]byte
	for i := range 500 {
		name := fmt.Sprintf("%03d.py", i)
		s.upload(name, "X = 1\n")
		bodies = append(bodies, s.changed(name), s.changed(name))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	var group sync.WaitGroup
	for _, body := range bodies {
		group.Go(func() {
			for s.post(body) != http.StatusNoContent {
			}
		})
	}
	group.Wait()
	assert.Len(t, s.sim.Live(deployment), 500)
	assert.LessOrEqual(t, s.deploys(), 2)
}

// A bucket that keeps versions tells of a removal as an archiving, and of an overwriting as one too.
func TestFunction_removalUnderVersioning(t *testing.T) {
	s := prepared(t, astrotest.Options{})
	s.dags = s.gcs.Versioned(t)
	s.start(s.gcs.Endpoint, s.sim.URL())
	s.subscribed()
	s.upload("a.py", "A = 1\n")
	s.upload("b.py", "B = 1\n")
	s.until("both are live", func() bool { return s.live() == "a.py b.py" })
	s.gcs.Delete(t, s.dags, "prod/dags/b.py")
	s.until("it is gone", func() bool { return s.live() == "a.py" })
	s.upload("a.py", "A = 2\n")
	s.until("each message was acknowledged", func() bool { return s.topic.Published() == 5 && s.topic.Waiting() == 0 })
	require.Equal(t, "a.py", s.live())
}
