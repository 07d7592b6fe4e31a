package gcssync

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/local/cloudrun"
	"github.com/dagferry/dagferry/internal/local/fakegcs"
	"github.com/dagferry/dagferry/internal/local/pubsub"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

const deployment = "clx1"

// program is the built function with the functions framework around it; TestMain sets it.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gcssync-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "gcssync")
	build := exec.Command("go", "build", "-o", program, "./local")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the function: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// stage is the built function between fake-gcs-server, whose notifications go to a topic, and Astro's simulator.
type stage struct {
	*testing.T
	gcs          *fakegcs.Server
	topic        *pubsub.Topic
	dags, states string
	sim          *astrotest.Server
	url, settle  string
	service      *cloudrun.Service
	log          lockedBuffer
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

func newStage(t *testing.T, o astrotest.Options) *stage {
	t.Helper()
	s := prepared(t, o)
	s.start(s.gcs.Endpoint, s.sim.URL())
	return s
}

// prepared is a stage without its function.
func prepared(t *testing.T, o astrotest.Options) *stage {
	t.Helper()
	topic, err := pubsub.Start(pubsub.Options{MinBackoff: time.Second, MaxBackoff: 2 * time.Second})
	require.NoError(t, err)
	s := &stage{T: t, topic: topic, sim: astrotest.Start(t, o)}
	t.Cleanup(func() { _ = topic.Close() })
	s.gcs = fakegcs.Start(t, fakegcs.WithPubSub(topic.Address(), topic.Project(), topic.Name(), "prod/dags/"))
	s.dags, s.states = s.gcs.Bucket(t), s.gcs.Bucket(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the function's log:\n%s", s.log.String())
		}
	})
	return s
}

// start starts the service; the function calls Cloud Storage and Astro at these addresses.
func (s *stage) start(storage, astro string) {
	s.Helper()
	python, err := embedded.Interpreter()
	require.NoError(s, err)
	s.service, err = cloudrun.Start(cloudrun.Options{
		Path: program, Dir: s.TempDir(), Log: &s.log, Env: map[string]string{
			"DAGFERRY_CONFIG": s.configuration(), "DAGFERRY_PYTHON": python,
			"TOKEN": s.sim.Token(astrotest.TokenOptions{}), "ASTRO_API_URL": astro, "STORAGE_EMULATOR_HOST": storage,
		},
	})
	require.NoError(s, err)
	s.Cleanup(func() { _ = s.service.Close() })
	s.url = s.service.URL()
}

func (s *stage) configuration() string {
	return fmt.Sprintf(`version: 1
targets:
  - name: prod
    sources: [{url: gs://%s/prod/dags/}]
    deployment: %s
    token: env://TOKEN
    state: gs://%s/state/
    settle: %s
    runtime: {airflow: "3.1", python: "3.12"}
`, s.dags, deployment, s.states, cmp.Or(s.settle, "1s"))
}

func (s *stage) upload(name, body string) {
	s.Helper()
	s.gcs.Upload(s, s.dags, "prod/dags/"+name, []byte(body))
}

// post sends a message, and returns how it was answered.
func (s *stage) post(body []byte, header ...string) int {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url, bytes.NewReader(body))
	require.NoError(s, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0 // it is gone
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// pushed is the body by which a Pub/Sub subscription pushes a message.
func pushed(attributes map[string]string, data []byte) []byte {
	return pubsub.Body("projects/test/subscriptions/dags", &pubsubpb.PubsubMessage{
		Attributes: attributes, Data: data, MessageId: "1", PublishTime: timestamppb.Now(),
	})
}

// changed is the push of a notification.
func (s *stage) changed(name string) []byte {
	return pushed(map[string]string{
		"eventType": "OBJECT_FINALIZE", "bucketId": s.dags, "objectId": "prod/dags/" + name, "eventTime": time.Now().UTC().Format(time.RFC3339Nano),
	}, []byte("{}"))
}

// subscribed pushes what the topic gets until the test ends.
func (s *stage) subscribed() {
	ctx, stop := context.WithCancel(s.Context())
	var group sync.WaitGroup
	group.Go(func() { assert.NoError(s, s.topic.Push(ctx, s.url)) })
	s.Cleanup(func() { stop(); group.Wait() })
}

func (s *stage) live() string {
	var names []string
	for _, f := range s.sim.Live(deployment) {
		names = append(names, f.Path)
	}
	return strings.Join(names, " ")
}

func (s *stage) deploys() (n int) {
	for _, d := range s.sim.Deploys(deployment) {
		if d.Status == astro.StatusDeployed {
			n++
		}
	}
	return n
}

func (s *stage) until(what string, is func() bool) {
	s.Helper()
	require.Eventually(s, is, 30*time.Second, 50*time.Millisecond, what)
}

// state is the stored state, empty if there is none.
func (s *stage) state() string {
	b, err := gcs.Open(s.Context(), "gs://"+s.states+"/state/"+deployment+"/", gcs.Options{Endpoint: s.gcs.Endpoint})
	require.NoError(s, err)
	v, _ := b.Get(s.Context(), "state.json") // there may be none
	return string(v.Data)
}
