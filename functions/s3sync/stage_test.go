package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/local/lambda"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/local/queue"
	"github.com/dagferry/dagferry/internal/parse/embedded"
	"github.com/dagferry/dagferry/internal/syncer"
)

const deployment = "clx1"

// bootstrap is the built function; TestMain sets it.
var bootstrap string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "s3sync-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bootstrap = filepath.Join(dir, "bootstrap")
	if err := buildFunction(bootstrap, "lambda.norpc"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func buildFunction(to, tags string) error {
	build := exec.Command("go", "build", "-tags", tags, "-o", to, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the function: %w\n%s", err, out)
	}
	return nil
}

// stage is the built function between MinIO, a queue and Astro's simulator. What a test changes of it counts from the
// next invocation's new instance.
type stage struct {
	*testing.T
	s3         *s3.Client
	bucket     func() string // makes another one
	dags       string
	states     string
	sim        *astrotest.Server
	queues     *queue.Server
	queue      *queue.Queue
	token      string
	settle     string
	sources    string // after the target's own
	airflow    string // the target's version
	extra      string // lines for the target's configuration
	deployment string
	python     string // the interpreter, by a name that no other test's has
	accessKey  string
	secretKey  string
	endpoints  map[string]string // where the function finds the services, by the variable that says so
	change     func(*lambda.Options)
	function   *lambda.Function
	log        lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const queueName = "dagferry"

func queueAttributes() queue.Attributes { return queue.Attributes{Visibility: 960 * time.Second} }

func newStage(t *testing.T) *stage {
	t.Helper()
	queues := queue.NewServer(queue.Options{})
	q, err := queues.Create(queueName, queueAttributes())
	require.NoError(t, err)
	return stageOn(t, minio.Shared(t), queues, q)
}

func stageOn(t *testing.T, store *minio.Server, queues *queue.Server, q *queue.Queue) *stage {
	t.Helper()
	s := &stage{
		T: t, s3: store.Client(), bucket: func() string { return store.Bucket(t) }, dags: store.Bucket(t), states: store.Bucket(t), settle: "1ms", deployment: deployment, airflow: "3.1",
		accessKey: store.AccessKey, secretKey: store.SecretKey, queues: queues, queue: q,
	}
	interpreter, err := embedded.Interpreter()
	require.NoError(t, err)
	s.python = filepath.Join(t.TempDir(), "python")
	require.NoError(t, os.Symlink(interpreter, s.python))
	s.sim = astrotest.Start(t, astrotest.Options{})
	s.token = s.sim.Token(astrotest.TokenOptions{})
	require.NoError(t, s.queues.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = s.queues.Close() })
	s.endpoints = map[string]string{
		"ASTRO_API_URL": s.sim.URL(), "AWS_ENDPOINT_URL_S3": store.Endpoint, "AWS_ENDPOINT_URL_SQS": s.queues.URL(),
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the function's log:\n%s", s.log.String())
		}
	})
	return s
}

// logged is all that the function has logged. Its instances end first: their output comes through a pipe, in which a line
// may still be when the answer is there.
func (s *stage) logged() string {
	s.function.KillAll()
	return s.log.String()
}

func (s *stage) configuration() string {
	return fmt.Sprintf(`version: 1
targets:
  - name: prod
    sources: [{url: s3://%s/prod/dags/}%s]
    deployment: %s
    token: env://TOKEN
    state: s3://%s/state/
    settle: %s
    runtime: {airflow: "%s", python: "3.12"}
%s`, s.dags, s.sources, s.deployment, s.states, s.settle, s.airflow, s.extra)
}

// start starts the function anew.
func (s *stage) start() {
	s.Helper()
	if s.function != nil {
		s.function.Close()
	}
	env := map[string]string{"DAGFERRY_CONFIG": s.configuration(), "DAGFERRY_PYTHON": s.python, "TOKEN": s.token}
	maps.Copy(env, s.endpoints)
	options := lambda.Options{
		Path: bootstrap, Name: "dagferry", Timeout: 900 * time.Second, Log: &s.log, MaxInstances: 4,
		AccessKey: s.accessKey, SecretKey: s.secretKey, Env: env,
	}
	if s.change != nil {
		s.change(&options)
	}
	function, err := lambda.New(options)
	require.NoError(s, err)
	s.function = function
	s.Cleanup(s.function.Close)
}

func (s *stage) upload(key, body string) {
	s.Helper()
	_, err := s.s3.PutObject(s.Context(), &s3.PutObjectInput{Bucket: &s.dags, Key: aws.String("prod/dags/" + key), Body: strings.NewReader(body)})
	require.NoError(s, err)
}

// changed is the notification of a change.
func (s *stage) changed(key string) string {
	return fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","eventTime":%q,"eventName":"ObjectCreated:Put",`+
		`"s3":{"bucket":{"name":%q},"object":{"key":%q}}}]}`,
		time.Now().UTC().Format(time.RFC3339Nano), s.dags, url.QueryEscape("prod/dags/"+key))
}

// invoke sends messages through the queue into one invocation, and returns which of them are given back.
func (s *stage) invoke(bodies ...string) events.SQSEventResponse {
	s.Helper()
	answer, err := s.tryInvoke(bodies...)
	require.NoError(s, err)
	return answer
}

func (s *stage) tryInvoke(bodies ...string) (answer events.SQSEventResponse, err error) {
	s.Helper()
	if s.function == nil {
		s.start()
	}
	var batch events.SQSEvent
	for _, body := range bodies {
		id, err := s.queue.Send(body)
		require.NoError(s, err)
		batch.Records = append(batch.Records, s.receive(id))
	}
	payload, err := json.Marshal(batch)
	require.NoError(s, err)
	out, err := s.function.Invoke(s.Context(), payload)
	if err == nil {
		err = json.Unmarshal(out, &answer)
	}
	return answer, err
}

// receive takes one message from the queue, as the event source mapping does.
func (s *stage) receive(id string) events.SQSMessage {
	s.Helper()
	for {
		got, err := s.queue.Receive(s.Context(), 1, time.Second, -1)
		require.NoError(s, err)
		for _, m := range got {
			require.Equal(s, id, m.ID)
			return events.SQSMessage{
				MessageId: m.ID, ReceiptHandle: m.ReceiptHandle, Body: m.Body, Attributes: m.Attributes(),
				EventSource: "aws:sqs", EventSourceARN: s.queue.ARN(), AWSRegion: "us-east-1",
			}
		}
	}
}

// live is what is live, in order.
func (s *stage) live() string {
	var names []string
	for _, f := range s.sim.Live(deployment) {
		names = append(names, f.Path)
	}
	return strings.Join(names, " ")
}

func (s *stage) deploys() int {
	n := 0
	for _, d := range s.sim.Deploys(deployment) {
		if d.Status == astro.StatusDeployed {
			n++
		}
	}
	return n
}

// records are the run records, oldest first.
func (s *stage) records() []syncer.Record {
	s.Helper()
	list, err := s.s3.ListObjectsV2(s.Context(), &s3.ListObjectsV2Input{Bucket: &s.states, Prefix: aws.String("state/" + deployment + "/runs/")})
	require.NoError(s, err)
	var records []syncer.Record
	for _, o := range list.Contents {
		got, err := s.s3.GetObject(s.Context(), &s3.GetObjectInput{Bucket: &s.states, Key: o.Key})
		require.NoError(s, err)
		var r syncer.Record
		require.NoError(s, json.NewDecoder(got.Body).Decode(&r))
		require.NoError(s, got.Body.Close())
		records = append(records, r)
	}
	return records
}

// last is the newest run's record.
func (s *stage) last() syncer.Record {
	s.Helper()
	all := s.records()
	require.NotEmpty(s, all)
	return slices.MaxFunc(all, func(a, b syncer.Record) int { return a.Began.Compare(b.Began) }) // ids sort by whole seconds
}

// webhook is a MinIO whose notifications go into a queue, as S3's do.
func webhook(t *testing.T, send func(body string)) *minio.Server {
	t.Helper()
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && len(body) > 0 {
			send(string(body))
		}
	}))
	t.Cleanup(hook.Close)
	return minio.Start(t, minio.WithWebhook(hook.URL))
}

// mapped feeds the function from the queue until the test ends.
func (s *stage) mapped() {
	s.Helper()
	s.mappedFrom(s.queue, 2, nil)
}

func (s *stage) mappedFrom(source lambda.Source, concurrency int, observe func(lambda.Batch)) {
	s.Helper()
	s.start()
	ctx, cancel := contextOf(s.T)
	var wait sync.WaitGroup
	mapping := lambda.Mapping{
		Queue: source, Function: s.function, BatchSize: 100, Window: time.Second, MaxConcurrency: concurrency,
		ReportBatchItemFailures: true, Observe: observe,
	}
	wait.Go(func() { assert.NoError(s, mapping.Run(ctx)) })
	s.Cleanup(func() { cancel(); s.function.KillAll(); wait.Wait() })
}

// until waits for something to become true.
func (s *stage) until(what string, is func() bool) {
	s.Helper()
	s.within(90*time.Second, what, is)
}

func (s *stage) within(d time.Duration, what string, is func() bool) {
	s.Helper()
	require.Eventually(s, is, d, 100*time.Millisecond, what)
}

// atRest waits until every message is dealt with.
func (s *stage) atRest() {
	s.Helper()
	s.until("the queue is empty", func() bool {
		n := s.queue.Stats()
		return n.Visible+n.InFlight == 0 && len(s.function.Running()) == 0
	})
}

// stateJSON is the stored state.
func (s *stage) stateJSON() string {
	s.Helper()
	got, err := s.s3.GetObject(s.Context(), &s3.GetObjectInput{Bucket: &s.states, Key: aws.String("state/" + deployment + "/state.json")})
	require.NoError(s, err)
	body, err := io.ReadAll(got.Body)
	require.NoError(s, err)
	return string(body)
}

// putState replaces the stored state.
func (s *stage) putState(body string) {
	s.Helper()
	_, err := s.s3.PutObject(s.Context(), &s3.PutObjectInput{
		Bucket: &s.states, Key: aws.String("state/" + deployment + "/state.json"), Body: strings.NewReader(body),
	})
	require.NoError(s, err)
}

// lease makes another run hold the lease.
func (s *stage) lease(d time.Duration) {
	s.Helper()
	s.putState(fmt.Sprintf(`{"version":1,"lineage":"l","fence":1,"holder":"r","leaseUntil":%q}`, time.Now().Add(d).UTC().Format(time.RFC3339)))
}

func sweep() string { return string(event.SweepMessage("prod")) }
