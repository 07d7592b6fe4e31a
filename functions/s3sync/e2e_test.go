package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/local/lambda"
	"github.com/dagferry/dagferry/internal/local/queue"
	"github.com/dagferry/dagferry/internal/syncer"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.WithoutCancel(t.Context()))
}

// The whole way: MinIO's own notifications, a queue that delivers twice and out of order, the built function.
func TestFunction_mainJob(t *testing.T) {
	queues := queue.NewServer(queue.Options{Seed: 1})
	q, err := queues.Create(queueName, queueAttributes())
	require.NoError(t, err)
	var sent atomic.Int64
	store := webhook(t, func(body string) {
		_, _ = q.Send(body)
		if sent.Add(1)%5 == 0 {
			_, _ = q.Send(body)
		}
	})
	s := stageOn(t, store, queues, q)
	s.settle = "1s"
	store.Notify(t, s.dags, "prod/dags/")
	s.mapped()

	s.upload("etl.py", "import airflow\n")
	s.upload("lib/ü b+c.py", "X = 1\n")
	s.until("the upload is live", func() bool { return s.live() == "etl.py lib/ü b+c.py" })

	s.atRest()
	before := s.deploys()
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() { s.upload(fmt.Sprintf("burst/%03d.py", i), "X = 1\n") })
	}
	wait.Wait()
	s.until("the burst is live", func() bool { return len(s.sim.Live(deployment)) == 102 })
	s.atRest()
	assert.Equal(t, before+1, s.deploys(), "a burst is one deploy")

	s.upload("etl.py", "import airflow\nwith airflow.DAG('x'\n    pass\n")
	s.until("the mistake is rejected", func() bool { return s.last().Outcome == syncer.Rejected })
	found := s.last().Findings
	require.Len(t, found, 1)
	assert.Equal(t, "etl.py", found[0].Path)
	assert.Equal(t, 2, found[0].Line)
	assert.Len(t, s.sim.Live(deployment), 102)
	s.atRest()
	assert.Equal(t, before+1, s.deploys(), "what was live stays live")

	_, err = s.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.dags, Key: aws.String("prod/dags/etl.py")})
	require.NoError(t, err)
	s.until("the deletion is live", func() bool { return len(s.sim.Live(deployment)) == 101 })
	s.atRest()
	assert.Zero(t, s.queue.Stats().Dead)
}

// Ten functions at once, each with a hundred of the messages: one deploys, the others give theirs back, and none is
// given up.
func TestFunction_fiveThousandEventsAtOnce(t *testing.T) {
	s := newStage(t)
	dead, err := s.queues.Create("dead", queue.Attributes{})
	require.NoError(t, err)
	s.queue, err = s.queues.Create("burst", queue.Attributes{Visibility: 960 * time.Second, DeadLetter: "dead", MaxReceives: 50})
	require.NoError(t, err)
	s.change = func(o *lambda.Options) { o.MaxInstances = 10 }
	s.settle = "3s"
	for i := range 500 {
		s.upload(fmt.Sprintf("%03d.py", i), "X = 1\n")
	}
	for i := range 5000 {
		_, err := s.queue.Send(s.changed(fmt.Sprintf("%03d.py", i%500)))
		require.NoError(t, err)
	}
	var batches, busy atomic.Int64
	s.mappedFrom(s.queue, 10, func(b lambda.Batch) {
		batches.Add(1)
		if len(b.Failed) > 0 {
			busy.Add(1)
		}
	})
	s.atRest()
	assert.Len(t, s.sim.Live(deployment), 500)
	assert.LessOrEqual(t, s.deploys(), 2)
	assert.Zero(t, dead.Stats().Visible)
	assert.NotZero(t, busy.Load(), "some found another at work, or this shows nothing")
	t.Logf("%d batches, %d given back, %d deploys", batches.Load(), busy.Load(), s.deploys())
}

func TestFunction_answersEachMessageByItself(t *testing.T) {
	s := newStage(t)
	s.upload("a.py", "import airflow\n")
	other := strings.ReplaceAll(s.changed("a.py"), s.dags, "another-bucket")
	outside := strings.ReplaceAll(s.changed("a.py"), "prod%2Fdags", "prod%2Fother")
	answer := s.invoke(other, outside, `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`)
	assert.Empty(t, answer.BatchItemFailures)
	assert.Empty(t, s.live(), "a change elsewhere touches no target")

	answer = s.invoke(`{"hello": "world"}`, s.changed("a.py"))
	require.Len(t, answer.BatchItemFailures, 1, "the unknown message goes to the dead-letter queue, the other is done")
	assert.Equal(t, "a.py", s.live())
	assert.Contains(t, s.logged(), "unknown event")
	stats := s.queue.Stats()
	assert.Zero(t, stats.Visible, "the unknown message stays away for a while")

	answer = s.invoke(sweep())
	assert.Empty(t, answer.BatchItemFailures)
	answer = s.invoke(strings.ReplaceAll(sweep(), "prod", "nobody"))
	assert.Empty(t, answer.BatchItemFailures)
	assert.Contains(t, s.logged(), `the target \"nobody\", which is not configured`)
}

func TestFunction_busyMessageComesBackSoon(t *testing.T) {
	s := newStage(t)
	s.upload("a.py", "import airflow\n")
	s.lease(time.Minute)
	assert.Len(t, s.invoke(s.changed("a.py")).BatchItemFailures, 1, "a busy message is never acknowledged")
	assert.Empty(t, s.invoke(sweep()).BatchItemFailures, "a sweep never fails on busy")
	assert.Empty(t, s.live())
	s.until("the message is visible again after 5 s", func() bool { return s.queue.Stats().Visible == 1 })
}

func TestFunction_shortTimeoutIsRefused(t *testing.T) {
	d := dispatch.Dispatcher{Syncer: syncer.Syncer{Budgets: budgets()}}
	err := d.LongEnough(deadlineIn(t, 300*time.Second))
	require.ErrorContains(t, err, "set it to 900 s")
	require.NoError(t, d.LongEnough(deadlineIn(t, 900*time.Second)))
}

func deadlineIn(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// The function carries its own cloud's SDK only, and no interpreter: that lies beside it.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for _, other := range []string{"cloud.google.com/", "google.golang.org/", "github.com/kluctl/go-embed-python", "github.com/johannesboyne/gofakes3", "internal/local", "internal/image\n", "github.com/google/go-containerregistry", "internal/astro/astrotest", "testing\n"} {
		assert.NotContains(t, string(out), other)
	}
}
