package pipeline_test

import (
	"archive/tar"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/secret"
)

const deployment = "clx1"

// world is a real git repository, and Astro's simulator.
type world struct {
	*testing.T
	dir    string
	sim    *astrotest.Server
	client *astro.Client
	config config.Config
	env    map[string]string

	// state is the folder of the target's state; secrets are what env:// leads to.
	state   string
	secrets map[string]string
}

const settings = `
version: 1
targets:
  - {name: prod, deployment: clx1, token: env://T, state: s3://s/}
  - {name: dev, deployment: clx2, token: env://T, state: s3://s/}
pipeline:
  branches: {main: prod, dev: dev}
  deployments: {prod: deployments/prod.yaml, dev: deployments/dev.yaml}
`

// newWorld has a project with one commit on main. more are lines of the configuration's pipeline.
func newWorld(t *testing.T, more ...string) *world {
	t.Helper()
	sim := astrotest.Start(t, astrotest.Options{NoRateLimit: true, ArriveAfter: -1})
	w := &world{T: t, dir: t.TempDir(), sim: sim, env: map[string]string{}, secrets: map[string]string{}}
	w.connect()
	var err error
	w.config, err = config.Parse("dagferry.yaml", []byte(settings+strings.Join(more, "\n")))
	require.NoError(t, err)
	w.git("init", "-q", "-b", "main")
	project := "."
	if w.config.Pipeline.Project != "." {
		project = w.config.Pipeline.Project
	}
	for name, text := range map[string]string{
		"Dockerfile": "FROM runtime", "requirements.txt": "a", "dags/etl.py": "1", "dags/common/dates.py": "1", "plugins/p.py": "1",
		"include/q.sql": "1", "tests/test_etl.py": "1", "README.md": "1",
	} {
		w.write(filepath.Join(project, name), text)
	}
	w.write("deployments/prod.yaml", "deployment: {}")
	w.write("deployments/dev.yaml", "deployment: {}")
	w.commit()
	return w
}

// connect has the client talk to the simulator.
func (w *world) connect() {
	w.Helper()
	var err error
	w.client, err = astro.New(astro.Options{URL: w.sim.URL(), Token: secret.NewValue(w.sim.Token(astrotest.TokenOptions{}))})
	require.NoError(w, err)
}

func (w *world) in(dir string) *world {
	other := *w
	other.dir = dir
	return &other
}

// git runs git as nobody's configuration would have it.
func (w *world) git(args ...string) string {
	w.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always", "-c", "user.name=Ann", "-c", "user.email=ann@example.com"}, args...)...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	out, err := cmd.CombinedOutput()
	require.NoError(w, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

func (w *world) write(name, text string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(w, os.WriteFile(path, []byte(text), 0o644))
}

// commit commits everything, and returns the commit's id.
func (w *world) commit() string {
	w.Helper()
	w.git("add", "--all")
	w.git("commit", "-q", "--allow-empty", "-m", "change")
	return w.head()
}

func (w *world) head() string { return w.git("rev-parse", "HEAD") }

// change writes a file and commits it.
func (w *world) change(name string) string {
	w.Helper()
	old, _ := os.ReadFile(filepath.Join(w.dir, name))
	w.write(name, string(old)+"x")
	return w.commit()
}

// deploy makes a whole deploy, as a pipeline would; without a commit as a function would.
func (w *world) deploy(kind, commit string) astro.Deploy {
	w.Helper()
	d, err := w.client.Create(w.Context(), deployment, astro.CreateDeploy{Type: kind, Git: recorded(commit)})
	require.NoError(w, err)
	return w.finalize(d)
}

func recorded(commit string) *astro.Git {
	if commit == "" {
		return nil
	}
	return &astro.Git{Provider: "GENERIC", RemoteURL: "https://git.example.com/dags", CommitSHA: commit}
}

func (w *world) finalize(d astro.Deploy) astro.Deploy {
	w.Helper()
	version := ""
	if d.Type != astro.TypeImageOnly && d.Type != astro.TypeBundle && !d.UploadURL.IsZero() {
		var b bytes.Buffer
		archive := tar.NewWriter(&b)
		require.NoError(w, archive.WriteHeader(&tar.Header{Name: "dags/a.py", Mode: 0o644}))
		require.NoError(w, archive.Close())
		var err error
		version, err = w.client.Upload(w.Context(), d.UploadURL, bytes.NewReader(b.Bytes()), int64(b.Len()))
		require.NoError(w, err)
	}
	done, err := w.client.Finalize(w.Context(), deployment, d.ID, version)
	require.NoError(w, err)
	return done
}

func (w *world) planner() pipeline.Planner {
	return pipeline.Planner{
		Dir: w.dir, Config: w.config,
		Lookup: func(name string) (string, bool) { v, ok := w.env[name]; return v, ok },
		Astro:  func(context.Context, config.Target) (*astro.Client, error) { return w.client, nil },
	}
}

func (w *world) plan(o ...pipeline.Options) pipeline.Plan {
	w.Helper()
	p, err := w.planner().Plan(w.Context(), append(o, pipeline.Options{})[0])
	require.NoError(w, err)
	return p
}

// refused is why a plan cannot be made.
func (w *world) refused(o pipeline.Options, says string) {
	w.Helper()
	_, err := w.planner().Plan(w.Context(), o)
	require.ErrorContains(w, err, says)
	assert.Equal(w, fault.Denied, fault.Of(err))
}

// expect plans, and compares the decision and the files as "path: class, class".
func (w *world) expect(want pipeline.Decision, files ...string) pipeline.Plan {
	w.Helper()
	p := w.plan()
	assert.Equal(w, want, p.Decision, "%+v", p)
	var got []string
	for _, f := range p.Files {
		var classes []string
		for _, c := range f.Classes {
			classes = append(classes, string(c))
		}
		got = append(got, f.Path+": "+strings.Join(classes, ", "))
	}
	assert.Equal(w, files, got)
	return p
}

// says is what a plan's reasons, notes or refusals must have in them.
func says(t testing.TB, p pipeline.Plan, texts ...string) {
	t.Helper()
	all := strings.Join(p.Reasons, "\n") + "\n" + strings.Join(p.Notes, "\n")
	for _, r := range p.Refused {
		all += "\n" + r.Message
	}
	for _, text := range texts {
		assert.Contains(t, all, text)
	}
}
