package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/local/lambda"
	"github.com/dagferry/dagferry/internal/local/queue"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

var (
	soakFor    = flag.Duration("soak", 20*time.Second, "how long authors write while functions die and connections break")
	soakReport = flag.String("soak.report", "", "the file that a soak's figures are written to")
)

// functionTimeout is what a run of the shortened budgets takes at most, and the time to answer.
const functionTimeout = 80 * time.Second

// TestSoak is the protocol on real servers: four of the built functions at once, MinIO with its notifications, a queue
// that delivers twice, connections that break, functions that are killed. What was ever live must be a state that the
// bucket had, and at the end what is live is what the bucket holds.
func TestSoak(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d decides what authors and weather do, but not when", seed)
	s, lost := soakStage(t, seed)
	w := newWeather(s, seed)
	a := newAuthor(s, seed)
	for i := range 8 {
		a.put(fmt.Sprintf("team0/dag_%02d.py", i), "X = 0\n")
	}
	a.pair()
	var invocations atomic.Int64
	s.mappedFrom(s.queue, 4, func(lambda.Batch) { invocations.Add(1) })

	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), *soakFor)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { w.storm(ctx) })
	group.Go(func() { w.reap(ctx) })
	sweeping, stop := contextOf(t)
	var sweeper sync.WaitGroup
	sweeper.Go(func() { s.sweepEvery(sweeping, 10_000) })
	t.Cleanup(func() { stop(); sweeper.Wait() })
	for ctx.Err() == nil {
		wait(ctx, int(a.act().Milliseconds()))
	}
	group.Wait()
	a.mend()
	took := time.Since(began)
	t.Logf("%s: authors and weather rest after %s", time.Now().Format(time.TimeOnly), took.Round(time.Second))

	resting := time.Now()
	s.within(5*time.Minute, "what is live is what the bucket holds", func() bool {
		return digestOf(s.sim.Live(deployment)) == a.digest() && s.settledState()
	})
	live := time.Since(resting)
	t.Logf("%s: what is live is what the bucket holds", time.Now().Format(time.TimeOnly))
	stop()
	sweeper.Wait()
	if *soakFor >= time.Minute { // messages come back after minutes
		s.within(20*time.Minute, "every message is dealt with", func() bool {
			n := s.queue.Stats()
			return n.Visible+n.InFlight == 0 && len(s.function.Running()) == 0
		})
	}
	rested := time.Since(resting)
	assert.Equal(t, a.digest(), digestOf(s.sim.Live(deployment)), "at rest")
	assert.Zero(t, s.queue.Stats().Dead, "no message was given up")
	at := s.state()
	assert.Nil(t, at.Rejected)
	if assert.NotNil(t, at.Deployed) {
		assert.Equal(t, a.digest(), at.Deployed.Digest)
	}
	whole, half := s.checkDeploys(a)
	s.function.KillAll()
	s.within(10*time.Second, "no interpreter outlives its function", func() bool { return s.interpreters() == 0 })

	report := fmt.Sprintf(soakPage, time.Now().UTC().Format(time.DateOnly), took.Round(time.Second), a.writes, lost.Load(), invocations.Load(), w.kills.Load(), w.toxics.Load(),
		outcomes(s.log.String()), whole+half, half, len(a.held), live.Round(time.Second), rested.Round(time.Second))
	t.Log("\n" + report)
	if *soakReport != "" {
		require.NoError(t, os.WriteFile(*soakReport, []byte(report), 0o644))
	}
}

const soakPage = `# A soak on real servers

What ` + "`make soak`" + ` reported on %s. Four of the built Lambda functions at once work for a bucket of a real S3 server (MinIO), whose own
notifications come through a queue that delivers every tenth message twice. Between the functions and S3, and between them and Astro's simulator,
stands a proxy (toxiproxy) that delays, throttles, silences and cuts connections, in the middle of a body too; functions are killed (SIGKILL); every
thirtieth notification is lost. Authors edit, add, remove, break and mend files, replace pairs and upload bursts all the while. Leases are shortened
(12 s and 38 s instead of 150 s and 630 s), so that a killed function does not stop the others for half of the time.

Every deploy is held against the authors' log of what the bucket ever held.

| | |
|---|---|
| authors wrote for | %s |
| objects written and removed | %d |
| notifications lost on the way | %d |
| invocations | %d |
| functions killed | %d |
| disturbances of the network | %d |
| runs, by their outcome | %s |
| deploys that became live | %d |
| of these, between the two writes of a pair | %d |
| states that the bucket had | %d |
| of the deploys, trees that the bucket never held | 0, or it would have failed |
| from the end of it all until the bucket's content was live | %s |
| and until every message was dealt with | %s |
`

func soakStage(t *testing.T, seed uint64) (s *stage, lost *atomic.Int64) {
	t.Helper()
	short := filepath.Join(t.TempDir(), "bootstrap")
	require.NoError(t, buildFunction(short, "lambda.norpc,shortbudgets"))
	queues := queue.NewServer(queue.Options{Seed: seed, Duplicate: 0.1})
	_, err := queues.Create("dead", queue.Attributes{})
	require.NoError(t, err)
	q, err := queues.Create(queueName, queue.Attributes{Visibility: functionTimeout + time.Second, DeadLetter: "dead", MaxReceives: 50})
	require.NoError(t, err)
	lost = &atomic.Int64{}
	random := rand.New(rand.NewPCG(seed, 4))
	var mu sync.Mutex
	store := webhook(t, func(body string) {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(30) == 0 {
			lost.Add(1)
			return
		}
		_, _ = q.Send(body)
	})
	s = stageOn(t, store, queues, q)
	s.settle = "1s\n    maxWait: 5s"
	s.change = func(o *lambda.Options) { o.Path, o.Timeout = short, functionTimeout }
	store.Notify(t, s.dags, "prod/dags/")
	return s, lost
}

// sweepEvery sends the scheduler's message until ctx ends.
func (s *stage) sweepEvery(ctx context.Context, milliseconds int) {
	for ctx.Err() == nil {
		_, err := s.queue.Send(sweep())
		assert.NoError(s, err)
		wait(ctx, milliseconds)
	}
}

// settledState reports whether nobody holds the lease, and nothing is open.
func (s *stage) settledState() bool {
	at := s.state()
	return at.Holder == "" && at.Intent == nil && at.Redeploy == nil
}

func (s *stage) state() (at state.State) {
	s.Helper()
	require.NoError(s, json.Unmarshal([]byte(s.stateJSON()), &at))
	return at
}

// checkDeploys holds every deploy that was live against the author's log.
func (s *stage) checkDeploys(a *author) (whole, half int) {
	s.Helper()
	for _, d := range s.sim.Deploys(deployment) {
		if d.Status != astro.StatusDeployed {
			continue
		}
		files := s.sim.Files(deployment, d.DagTarballVersion)
		was, held := a.held[digestOf(files)]
		assert.True(s, held, "the deploy %s is torn: %v", d.ID, names(files))
		assert.False(s, was.broken, "the deploy %s holds what Python cannot read", d.ID)
		if was.half {
			half++
			continue
		}
		whole++
	}
	assert.NotZero(s, whole)
	return whole, half
}

func names(files []astrotest.LiveFile) (names []string) {
	for _, f := range files {
		names = append(names, f.Path+"@"+f.SHA256[:6])
	}
	return names
}

// outcomes counts how runs ended, by the functions' log.
func outcomes(log string) string {
	count := map[syncer.Outcome]int{}
	for line := range strings.Lines(log) {
		var said struct {
			Msg     string
			Outcome syncer.Outcome
		}
		if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "done" {
			count[said.Outcome]++
		}
	}
	return strings.Trim(strings.TrimPrefix(fmt.Sprint(count), "map"), "[]")
}

// interpreters counts the processes of the functions' interpreter.
func (s *stage) interpreters() int {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(s, err)
	n := 0
	for _, line := range lines {
		if command, err := os.ReadFile(line); err == nil && strings.HasPrefix(string(command), s.python) {
			n++
		}
	}
	return n
}
