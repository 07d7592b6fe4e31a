package syncer_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

// world is a folder as the bucket, a folder as the state, and Astro's simulator, in a bubble where waiting takes no
// time.
type world struct {
	*testing.T
	sim       *astrotest.Server
	transport http.RoundTripper
	src, st   string
	target    syncer.Target
	// opened is called with each object that is read, before it is; one at a time.
	opened  func(key string)
	opening sync.Mutex
	// checks counts the checks.
	checks int
}

const deployment = "clx1"

// inWorld runs a test in a new world.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	inWorldOf(t, astrotest.Options{}, test)
}

func inWorldOf(t *testing.T, o astrotest.Options, test func(w *world)) {
	t.Helper()
	src, st := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		sim, transport := astrotest.Pipe(t, o)
		w := &world{T: t, sim: sim, transport: transport, src: src, st: st}
		w.target = syncer.Target{
			Name: "prod", Deployment: deployment, Layout: bundle.LayoutDags, Settle: 3 * time.Second, MaxWait: time.Minute,
			MinFiles: 1, MaxDeleted: 50, Runtime: syncer.Runtime{Airflow: "3.1", Python: "3.12"},
			Check: syncer.Check{Do: w.check, Settings: []string{"test"}},
		}
		test(w)
	})
}

// check refuses files that begin with "broken".
func (w *world) check(_ context.Context, _ syncer.Runtime, tree fs.FS) (parse.Report, error) {
	w.checks++
	var r parse.Report
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		r.Files++
		body, err := fs.ReadFile(tree, path)
		if bytes.HasPrefix(body, []byte("broken")) {
			r.Findings = append(r.Findings, parse.Finding{Path: path, Line: 1, Column: 1, Rule: parse.RuleSyntax, Severity: parse.Block, Message: "it is broken"})
		}
		return err
	})
	return r, err
}

// hooked calls the world before each read.
type hooked struct {
	bucket.Bucket
	w *world
}

func (h hooked) Open(ctx context.Context, o bucket.Object) (io.ReadCloser, error) {
	h.w.opening.Lock() // a run reads its objects side by side
	if h.w.opened != nil {
		h.w.opened(o.Key)
	}
	h.w.opening.Unlock()
	return h.Bucket.Open(ctx, o)
}

func (w *world) open(path string) bucket.Bucket {
	b, err := dir.Open(path, dir.Options{Now: time.Now})
	require.NoError(w, err)
	return b
}

// write uploads a file now, by the bubble's clock.
func (w *world) write(path, body string) {
	full := filepath.Join(w.src, path)
	require.NoError(w, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(w, os.WriteFile(full, []byte(body), 0o600))
	require.NoError(w, os.Chtimes(full, time.Now(), time.Now()))
}

func (w *world) remove(path string) { require.NoError(w, os.Remove(filepath.Join(w.src, path))) }

func (w *world) prepare() syncer.Target {
	t := w.target
	t.Sources = []syncer.Source{{Bucket: hooked{w.open(w.src), w}}}
	t.State = w.open(w.st)
	client, err := astro.New(astro.Options{URL: w.sim.URL(), Token: secret.NewValue(w.sim.Token(astrotest.TokenOptions{})), Transport: w.transport})
	require.NoError(w, err)
	t.Astro = client
	return t
}

func (w *world) run(why syncer.Trigger) (syncer.Record, error) {
	return syncer.Syncer{TempDir: w.TempDir()}.Run(w.Context(), w.prepare(), why)
}

// after makes a run for an event and expects an outcome.
func (w *world) after(want syncer.Outcome) syncer.Record {
	w.Helper()
	return w.expect(want, syncer.Trigger{Kind: syncer.ByEvent, Events: 1, Newest: time.Now()})
}

// sweep makes a scheduled run and expects an outcome.
func (w *world) sweep(want syncer.Outcome) syncer.Record {
	w.Helper()
	return w.expect(want, syncer.Trigger{Kind: syncer.BySweep})
}

func (w *world) expect(want syncer.Outcome, why syncer.Trigger) syncer.Record {
	w.Helper()
	r, err := w.run(why)
	require.Equal(w, want, r.Outcome, "%v", err)
	kinds := map[syncer.Outcome]fault.Kind{syncer.Rejected: fault.Rejected, syncer.Busy: fault.Busy, syncer.Denied: fault.Denied}
	if kind, failed := kinds[want]; failed {
		require.Equal(w, kind, fault.Of(err), "%v", err)
	} else if want != syncer.Failed {
		require.NoError(w, err)
	}
	return r
}

// state is the state as it is stored.
func (w *world) state() state.State {
	w.Helper()
	b, err := os.ReadFile(filepath.Join(w.st, deployment, "state.json"))
	require.NoError(w, err)
	var s state.State
	require.NoError(w, json.Unmarshal(b, &s))
	return s
}

// edit changes the stored state as a crash or a person would have left it.
func (w *world) edit(change func(*state.State)) {
	w.Helper()
	store := state.NewStore(w.open(w.st), deployment, time.Now)
	snap, err := store.Read(w.Context())
	require.NoError(w, err)
	_, err = store.Change(w.Context(), snap, change)
	require.NoError(w, err)
}

// live is what Astro has live, in order.
func (w *world) live() string {
	var names []string
	for _, f := range w.sim.Live(deployment) {
		names = append(names, f.Path)
	}
	return strings.Join(names, " ")
}

// deploys counts the deploys that are or were live.
func (w *world) deploys() int { return w.deploysIn(astro.StatusDeployed) }

func (w *world) deploysIn(status string) int {
	n := 0
	for _, d := range w.sim.Deploys(deployment) {
		if d.Status == status {
			n++
		}
	}
	return n
}

// records are the run records that are kept.
func (w *world) records() []os.DirEntry {
	entries, err := os.ReadDir(filepath.Join(w.st, deployment, "runs"))
	require.NoError(w, err)
	return slices.DeleteFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }) // the lock
}

// byHand deploys as a person would.
func (w *world) byHand(names ...string) astrotest.Deploy {
	return w.sim.Deploy(deployment, "by hand", w.archive(names...))
}

// archive is an archive that dagferry did not make.
func (w *world) archive(names ...string) []byte {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, name := range names {
		require.NoError(w, t.WriteHeader(&tar.Header{Name: "dags/" + name, Mode: 0o644, Size: 1, ModTime: time.Now()}))
		_, err := t.Write([]byte("x"))
		require.NoError(w, err)
	}
	require.NoError(w, t.Close())
	return b.Bytes()
}

// wait lets time pass.
func wait(d time.Duration) { time.Sleep(d) }

func (w *world) same(want, got any, words ...any) {
	w.Helper()
	assert.Equal(w, want, got, words...)
}
