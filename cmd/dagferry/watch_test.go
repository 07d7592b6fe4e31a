package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/local"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/local/moto"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

// daemon is a running dagferry watch.
type daemon struct {
	*testing.T
	sim    *astrotest.Server
	dir    string
	health string
	cmd    *exec.Cmd
	log    syncBuffer
	ended  chan error
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// watching starts the program as an operator would. Its configuration is dagferry.yaml in a folder of its own.
func watching(t *testing.T, o astrotest.Options, configuration func(dir string) string, env []string, args ...string) *daemon {
	t.Helper()
	address, err := local.FreeAddress()
	require.NoError(t, err)
	python, err := embedded.Interpreter()
	require.NoError(t, err)
	d := &daemon{T: t, sim: astrotest.Start(t, o), dir: t.TempDir(), health: "http://" + address + "/healthz", ended: make(chan error, 1)}
	require.NoError(t, os.Mkdir(filepath.Join(d.dir, "dags"), 0o755))
	d.configure(configuration(d.dir))
	d.cmd = exec.Command(built(t), append([]string{"watch", "--interval", "1s", "--health", address}, args...)...)
	d.cmd.Dir, d.cmd.Stderr = d.dir, &d.log
	d.cmd.Env = append([]string{"ASTRO_API_URL=" + d.sim.URL(), "ASTRO_API_TOKEN=" + d.sim.Token(astrotest.TokenOptions{}), "DAGFERRY_PYTHON=" + python,
		"HOME=" + d.dir, "PATH=" + os.Getenv("PATH")}, env...)
	require.NoError(t, d.cmd.Start())
	go func() { d.ended <- d.cmd.Wait() }()
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		if t.Failed() {
			t.Log(d.log.String())
		}
	})
	return d
}

func folders(dir string) string {
	return fmt.Sprintf(`version: 1
targets:
  - {name: prod, sources: [{url: file://%[1]s/dags/}], deployment: clx1, token: env://ASTRO_API_TOKEN, state: file://%[1]s/state/, settle: 100ms}
  - {name: other, sources: [{url: file://%[1]s/missing/}], deployment: clx2, token: env://ASTRO_API_TOKEN, state: file://%[1]s/state/, settle: 100ms}
`, dir)
}

func (d *daemon) configure(text string) {
	d.Helper()
	require.NoError(d, os.WriteFile(filepath.Join(d.dir, "dagferry.yaml"), []byte(text), 0o600))
}

func (d *daemon) write(name, body string) {
	d.Helper()
	require.NoError(d, os.WriteFile(filepath.Join(d.dir, "dags", name), []byte(body), 0o600))
}

func (d *daemon) live() string {
	var names []string
	for _, f := range d.sim.Live("clx1") {
		names = append(names, f.Path)
	}
	return strings.Join(names, " ")
}

func (d *daemon) until(what string, is func() bool) {
	d.Helper()
	require.Eventually(d, is, 60*time.Second, 50*time.Millisecond, what)
}

// told is what /healthz says.
func (d *daemon) told() (status struct {
	Configuration string
	Targets       map[string]targetStatus
}) {
	d.Helper()
	answer, err := http.Get(d.health)
	if err != nil {
		return status // it has not begun
	}
	defer answer.Body.Close()
	assert.Equal(d, http.StatusOK, answer.StatusCode)
	assert.NoError(d, json.NewDecoder(answer.Body).Decode(&status))
	return status
}

func (d *daemon) stop() {
	d.Helper()
	require.NoError(d, d.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-d.ended:
		require.NoError(d, err, "it ends with 0")
	case <-time.After(40 * time.Second):
		require.Fail(d, "it does not end")
	}
}

func TestWatch_folder(t *testing.T) {
	d := watching(t, astrotest.Options{}, folders, nil)
	d.write("a.py", "import airflow\n")
	d.until("the upload is live", func() bool { return d.live() == "a.py" })
	d.write("b.py", "import airflow.dag\n\ndef broken(:\n")
	d.until("the mistake is refused", func() bool { return d.told().Targets["prod"].Outcome == "rejected" })
	assert.Contains(t, d.told().Targets["prod"].Reason, "b.py")
	assert.Equal(t, "a.py", d.live())
	assert.EqualValues(t, "rejected", d.told().Targets["other"].Outcome, "its folder is missing, which holds up nobody else")

	good := folders(d.dir)
	d.configure("version: 1\ntargets: nonsense\n")
	d.until("the configuration is refused", func() bool { return strings.Contains(d.told().Configuration, "dagferry.yaml:2") })
	d.write("b.py", "X = 1\n")
	d.until("the one before goes on", func() bool { return d.live() == "a.py b.py" })
	d.configure(good)
	d.until("it is mended", func() bool { return d.told().Configuration == "" })
	d.stop()
	assert.NotContains(t, d.log.String(), "eyJ", "no token in the log")
	assert.LessOrEqual(t, strings.Count(d.log.String(), `"outcome":"unchanged"`), 4, "what changes nothing is silent")
}

// A deploy that has begun is finished before the process ends.
func TestWatch_stopsAtASafeStep(t *testing.T) {
	d := watching(t, astrotest.Options{FinalizeTakes: 5 * time.Second}, folders, nil, "--target", "prod")
	d.write("a.py", "import airflow\n")
	state := func() string {
		b, _ := os.ReadFile(filepath.Join(d.dir, "state", "clx1", "state.json"))
		return string(b)
	}
	d.until("the intent is written", func() bool { return strings.Contains(state(), `"intent": {`) })
	d.stop()
	assert.Equal(t, "a.py", d.live())
	assert.Contains(t, state(), `"deployed": {`)
	assert.NotContains(t, state(), `"holder": "2`, "nobody has to wait for the lease")
}

// The bucket's events come through SQS; nothing looks at the bucket in between.
func TestWatch_queue(t *testing.T) {
	store, server := minio.Shared(t), moto.Shared(t)
	dags, states := store.Bucket(t), store.Bucket(t)
	q := server.Queue(t, time.Minute, nil, 0)
	env := append(store.Env(), "AWS_ENDPOINT_URL_SQS="+server.Endpoint)
	d := watching(t, astrotest.Options{}, func(string) string {
		return fmt.Sprintf(`version: 1
targets:
  - {name: prod, sources: [{url: s3://%s/dags/}], deployment: clx1, token: env://ASTRO_API_TOKEN, state: s3://%s/state/, settle: 100ms}
`, dags, states)
	}, env, "--queue", q.URL(), "--sweep", "1h")
	d.until("the first look has found nothing", func() bool { return d.told().Targets["prod"].Outcome == "rejected" })
	_, err := store.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &dags, Key: aws.String("dags/a.py"), Body: strings.NewReader("import airflow\n")})
	require.NoError(t, err)
	time.Sleep(3 * time.Second)
	assert.Empty(t, d.live(), "no event, no look")

	for _, body := range []string{
		fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","eventTime":"2026-01-01T00:00:00Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":"dags/a.py"}}}]}`, dags),
		string(event.SweepMessage("prod")), `{"hello": "world"}`,
	} {
		_, err := q.Send(context.Background(), body)
		require.NoError(t, err)
	}
	d.until("it is live", func() bool { return d.live() == "a.py" })
	d.until("what is done is acknowledged, and what is not stays", func() bool {
		visible, inFlight, err := q.Waiting(t.Context())
		return err == nil && visible == 0 && inFlight == 1
	})
	d.stop()
	assert.Contains(t, d.log.String(), "unknown event")
}

func TestWatch_usage(t *testing.T) {
	program := built(t)
	for wrong, args := range map[string][]string{
		"--interval":      {"--interval", "10ms"},
		"is no URL":       {"--queue", "dagferry"},
		"do not go":       {"--queue", "https://q", "--target", "prod"},
		"nowhere.yaml":    {"--config", "nowhere.yaml"},
		"is none of":      {"--target", "nobody"},
		"serve --health:": {"--health", "nowhere:99999"},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "dagferry.yaml"), []byte(folders(dir)), 0o600))
		cmd := exec.Command(program, append([]string{"watch"}, args...)...)
		cmd.Dir = dir
		cmd.Env = []string{"HOME=" + dir, "ASTRO_API_TOKEN=" + astrotest.Token(astrotest.TokenOptions{})}
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		assert.Equal(t, 2, cmd.ProcessState.ExitCode(), "%s", out)
		assert.Contains(t, string(out), wrong)
	}
}

// A target whose deploys fail is left alone for a while: each attempt makes a deploy. Another configuration may be the
// remedy, and is tried at once.
func TestWatch_failuresAreNotRepeatedAtEachLook(t *testing.T) {
	d := watching(t, astrotest.Options{}, folders, nil, "--target", "prod")
	d.sim.Fault(astrotest.Fault{Op: "finalize", Failed: true, Count: -1})
	d.write("a.py", "import airflow\n")
	d.until("it has failed", func() bool { return d.told().Targets["prod"].Outcome == "failed" })
	time.Sleep(5 * time.Second)
	assert.Len(t, d.sim.Deploys("clx1"), 1)
	d.sim.ClearFaults()
	d.configure(strings.ReplaceAll(folders(d.dir), "settle: 100ms", "settle: 200ms"))
	d.until("it is tried again", func() bool { return d.live() == "a.py" })
	d.stop()
}

func TestWatch_leavesOutTargetsWithoutSources(t *testing.T) {
	c := config.Config{Targets: []config.Target{{Name: "bucket", Sources: []config.Source{{URL: "s3://a/"}}}, {Name: "pipeline"}}}
	assert.Equal(t, c.Targets[:1], (&watcher{}).only(c).Targets)
	assert.Equal(t, c.Targets[1:], (&watcher{watchOptions: watchOptions{targets: []string{"pipeline"}}}).only(c).Targets, "who names it is told why it cannot be watched")
}
