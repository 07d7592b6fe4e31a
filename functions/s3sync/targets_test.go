package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

// more is another target of the stage, whose sources are below its name.
func (s *stage) more(name, deployment string) string {
	return fmt.Sprintf(`  - name: %[1]s
    sources: [{url: s3://%[2]s/%[1]s/dags/}]
    deployment: %[3]s
    token: env://TOKEN
    state: s3://%[4]s/state/
    settle: 1ms
    runtime: {airflow: "3.1", python: "3.12"}
`, name, s.dags, deployment, s.states)
}

// put uploads to any key, and returns its notification.
func (s *stage) put(key, body string) string {
	s.Helper()
	_, err := s.s3.PutObject(s.Context(), &s3.PutObjectInput{Bucket: &s.dags, Key: &key, Body: strings.NewReader(body)})
	require.NoError(s, err)
	return strings.Replace(s.changed("x"), "prod%2Fdags%2Fx", url.QueryEscape(key), 1)
}

// One batch touches four targets: one is in order, one is slow, one has a Deployment that is not there, and one a DAG
// that is broken. Each message is answered by what became of its own target.
func TestFunction_targetsDoNotDisturbEachOther(t *testing.T) {
	s := newStage(t)
	s.extra = s.more("slow", "clx2") + s.more("gone", "clx3") + s.more("broken", "clx4")
	no := false
	s.sim.Update("clx3", astrotest.Settings{Exists: &no})
	s.sim.Fault(astrotest.Fault{Op: "create", Deployment: "clx2", Delay: astrotest.Duration(4 * time.Second)})
	messages := []string{
		s.put("prod/dags/a.py", "A = 1\n"), s.put("slow/dags/b.py", "B = 1\n"),
		s.put("gone/dags/c.py", "C = 1\n"), s.put("broken/dags/d.py", "import airflow.dag\n\ndef d(:\n"), s.put("nobodys/dags/e.py", "E = 1\n"),
	}
	done := make(chan time.Time, 1)
	go func() {
		for s.live() == "" {
			time.Sleep(10 * time.Millisecond)
		}
		done <- time.Now()
	}()
	answer := s.invoke(messages...)
	ended := time.Now()
	assert.Empty(t, answer.BatchItemFailures, "what is rejected or denied was told")
	assert.Greater(t, ended.Sub(<-done), 2*time.Second, "the slow one held up nobody")
	assert.Equal(t, "b.py", names(s.sim.Live("clx2"))[0][:4])
	assert.Empty(t, s.sim.Live("clx4"))
	log := s.logged()
	assert.Contains(t, log, "clx3")
	assert.Contains(t, log, "d.py")
}

// Two teams' buckets make one Deployment's DAGs. What both claim is named with both.
func TestFunction_sourcesAreComposed(t *testing.T) {
	s := newStage(t)
	ml := s.bucket()
	s.sources = fmt.Sprintf(", {url: s3://%s/dags/, mount: ml}", ml)
	s.upload("a.py", "import airflow\n")
	put := func(key, body string) {
		_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &ml, Key: &key, Body: strings.NewReader(body)})
		require.NoError(t, err)
	}
	put("dags/train.py", "import airflow\n")
	require.Empty(t, s.invoke(s.changed("a.py")).BatchItemFailures)
	assert.Equal(t, "a.py ml/train.py", s.live())

	s.upload("ml/train.py", "X = 1\n")
	require.Empty(t, s.invoke(s.changed("ml/train.py")).BatchItemFailures)
	assert.Equal(t, "a.py ml/train.py", s.live())
	reason := s.last().Reason
	assert.Contains(t, reason, "s3://"+s.dags+"/prod/dags/ml/train.py")
	assert.Contains(t, reason, "s3://"+ml+"/dags/train.py")

	_, err := s.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &s.dags, Key: aws.String("prod/dags/ml/train.py")})
	require.NoError(t, err)
	put("dags/eval.py", "import airflow\n")
	require.Empty(t, s.invoke(fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","eventTime":"2026-01-01T00:00:00Z","eventName":"ObjectCreated:Put",`+
		`"s3":{"bucket":{"name":%q},"object":{"key":"dags/eval.py"}}}]}`, ml)).BatchItemFailures)
	assert.Equal(t, "a.py ml/eval.py ml/train.py", s.live())
}
