package gcssync

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/local"
	"github.com/dagferry/dagferry/internal/local/fakegcs"
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
	broker       *pstest.Server
	dags, states string
	sim          *astrotest.Server
	url          string
	process      *exec.Cmd
	ended        chan error
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
	s := &stage{T: t, broker: pstest.NewServer(), sim: astrotest.Start(t, o), ended: make(chan error, 1)}
	t.Cleanup(func() { _ = s.broker.Close() })
	_, err := s.broker.GServer.CreateTopic(t.Context(), &pubsubpb.Topic{Name: "projects/test/topics/dags"})
	require.NoError(t, err)
	s.gcs = fakegcs.Start(t, fakegcs.WithPubSub(s.broker.Addr, "test", "dags", "prod/dags/"))
	s.dags, s.states = s.gcs.Bucket(t), s.gcs.Bucket(t)
	s.start()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the function's log:\n%s", s.log.String())
		}
	})
	return s
}

// start starts the function, and waits until it answers.
func (s *stage) start() {
	s.Helper()
	address, err := local.FreeAddress()
	require.NoError(s, err)
	host, port, _ := strings.Cut(address, ":")
	python, err := embedded.Interpreter()
	require.NoError(s, err)
	s.url = "http://" + address
	s.process = exec.Command(program)
	s.process.Env = []string{
		"HOST=" + host, "PORT=" + port, "DAGFERRY_CONFIG=" + s.configuration(), "DAGFERRY_PYTHON=" + python, "HOME=" + s.TempDir(),
		"TOKEN=" + s.sim.Token(astrotest.TokenOptions{}), "ASTRO_API_URL=" + s.sim.URL(), "STORAGE_EMULATOR_HOST=" + s.gcs.Endpoint,
	}
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	require.NoError(s, s.process.Start())
	go func() { s.ended <- s.process.Wait() }()
	s.Cleanup(func() { _ = s.process.Process.Kill() })
	s.until("the function answers", func() bool {
		answer, err := http.Get(s.url)
		if err == nil {
			_ = answer.Body.Close()
		}
		return err == nil
	})
}

func (s *stage) configuration() string {
	return fmt.Sprintf(`version: 1
targets:
  - name: prod
    sources: [{url: gs://%s/prod/dags/}]
    deployment: %s
    token: env://TOKEN
    state: gs://%s/state/
    settle: 1s
    runtime: {airflow: "3.1", python: "3.12"}
`, s.dags, deployment, s.states)
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
	body, _ := json.Marshal(map[string]any{ // texts always marshal
		"message":      map[string]any{"attributes": attributes, "data": base64.StdEncoding.EncodeToString(data), "messageId": "1", "publishTime": "2026-03-01T12:00:00Z"},
		"subscription": "projects/test/subscriptions/dags",
	})
	return body
}

// changed is the push of a notification.
func (s *stage) changed(name string) []byte {
	return pushed(map[string]string{
		"eventType": "OBJECT_FINALIZE", "bucketId": s.dags, "objectId": "prod/dags/" + name, "eventTime": time.Now().UTC().Format(time.RFC3339Nano),
	}, []byte("{}"))
}

// subscribed pushes what the topic gets until the test ends, as a push subscription does: side by side, and again after
// a second where the answer is not 2xx.
func (s *stage) subscribed() {
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; ; {
			messages := s.broker.Messages()
			for _, m := range messages[n:] {
				all.Go(func() { s.deliver(pushed(m.Attributes, m.Data), stop) })
			}
			n = len(messages)
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	s.Cleanup(func() { close(stop); all.Wait() })
}

func (s *stage) deliver(body []byte, stop chan struct{}) {
	for s.post(body)/100 != 2 {
		select {
		case <-stop:
			return
		case <-time.After(time.Second):
		}
	}
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

// terminate asks the process to stop, as Cloud Run does, and waits for its end.
func (s *stage) terminate() {
	s.Helper()
	require.NoError(s, s.process.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.ended:
		require.NoError(s, err)
	case <-time.After(10 * time.Second):
		require.Fail(s, "Cloud Run would have killed it")
	}
}

// state is the stored state, empty if there is none.
func (s *stage) state() string {
	b, err := gcs.Open(s.Context(), "gs://"+s.states+"/state/"+deployment+"/", gcs.Options{Endpoint: s.gcs.Endpoint})
	require.NoError(s, err)
	v, _ := b.Get(s.Context(), "state.json") // there may be none
	return string(v.Data)
}
