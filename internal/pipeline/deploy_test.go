package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

// deployer is one for the world's Deployment, with its state in a folder.
func (w *world) deployer() pipeline.Deployer {
	w.Helper()
	if w.state == "" {
		w.state = w.TempDir()
	}
	at, err := dir.Open(w.state, dir.Options{})
	require.NoError(w, err)
	return pipeline.Deployer{
		Target: syncer.Target{
			Name: "prod", Deployment: deployment, State: at, Astro: w.client, Layout: bundle.LayoutDags, MaxWait: time.Minute, MinFiles: 1, MaxDeleted: 50,
			Runtime: syncer.Runtime{Airflow: "3.1", Python: "3.12"}, Check: syncer.Check{Do: check},
		},
		Trigger: syncer.Trigger{Kind: syncer.ByPipeline, Overrides: syncer.Overrides{Adopt: true}},
		Tests:   func(context.Context, *image.Image) (string, error) { return "", pipeline.Skip("there are none") },
		Secrets: secret.Local(func(name string) (string, bool) { v, ok := w.secrets[name]; return v, ok }),
		Wait:    time.Minute,
	}
}

// check refuses files that begin with "broken".
func check(_ context.Context, _ syncer.Runtime, tree fs.FS) (parse.Report, error) {
	var r parse.Report
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(tree, path)
		if bytes.HasPrefix(body, []byte("broken")) {
			r.Findings = append(r.Findings, parse.Finding{Path: path, Line: 1, Column: 1, Rule: parse.RuleSyntax, Severity: parse.Block, Message: "it is broken"})
		}
		return err
	})
	return r, err
}

// carryOut plans and deploys.
func (w *world) carryOut(d pipeline.Deployer, o ...pipeline.Options) (pipeline.Result, error) {
	w.Helper()
	return d.Deploy(w.Context(), w.plan(o...))
}

// deployed carries out what must succeed.
func (w *world) deployed(o ...pipeline.Options) pipeline.Result {
	w.Helper()
	r, err := w.carryOut(w.deployer(), o...)
	require.NoError(w, err)
	require.Equal(w, syncer.Deployed, r.Outcome, "%+v", r)
	return r
}

// live is what Astro runs of DAGs.
func (w *world) live() string {
	var names []string
	for _, f := range w.sim.Live(deployment) {
		names = append(names, f.Path)
	}
	return strings.Join(names, " ")
}

// step is what became of one step.
func step(r pipeline.Result, name string) pipeline.Step {
	for _, s := range r.Steps {
		if s.Name == name {
			return s
		}
	}
	return pipeline.Step{}
}

// withoutImage has a project that brings DAGs only.
func withoutImage(t *testing.T, more ...string) *world {
	w := newWorld(t, more...)
	require.NoError(t, os.Remove(filepath.Join(w.dir, "Dockerfile")))
	require.NoError(t, os.RemoveAll(filepath.Join(w.dir, "deployments")))
	w.commit()
	return w
}

func TestDeploy_dagsOfACommit(t *testing.T) {
	w := withoutImage(t)
	w.git("remote", "add", "origin", "https://x-access-token:secret@github.com/acme/dags.git")
	r := w.deployed()
	assert.Equal(t, "common/dates.py etl.py", w.live())
	assert.True(t, r.Arrived)
	assert.Equal(t, pipeline.Skipped, step(r, "image").Outcome)
	assert.Equal(t, pipeline.Skipped, step(r, "configuration").Outcome)
	var git astro.Git
	require.NoError(t, json.Unmarshal(w.sim.Deploys(deployment)[0].Git, &git))
	assert.Equal(t, astro.Git{
		Provider: "GITHUB", Account: "acme", Repo: "dags", Branch: "main", CommitSHA: w.head(), AuthorName: "Ann",
		CommitURL: "https://github.com/acme/dags/commit/" + w.head(),
	}, git)
	assert.Equal(t, pipeline.Nothing, w.plan().Decision, "the next plan knows")
	w.change("dags/etl.py")
	assert.Equal(t, []string{"etl.py"}, w.deployed().Run.Changed)
}

func TestDeploy_saysWhereTheCommitComesFrom(t *testing.T) {
	w := withoutImage(t)
	w.git("remote", "add", "origin", "x")
	for remote, want := range map[string]astro.Git{
		"git@github.com:acme/dags.git":                             {Provider: "GITHUB", Account: "acme", Repo: "dags"},
		"https://gitlab-ci-token:secret@git.example.com/a/b/c.git": {Provider: "GENERIC", RemoteURL: "https://git.example.com/a/b/c.git"},
		"ann@git.example.com:a/b":                                  {Provider: "GENERIC", RemoteURL: "ssh://git.example.com/a/b"},
		"../dags":                                                  {Provider: "GENERIC"},
	} {
		w.git("remote", "set-url", "origin", remote)
		w.change("dags/etl.py")
		w.deployed()
		var git astro.Git
		require.NoError(t, json.Unmarshal(w.sim.Deploys(deployment)[0].Git, &git))
		git.Branch, git.CommitSHA, git.AuthorName, git.CommitURL = "", "", "", ""
		assert.Equal(t, want, git, remote)
	}
}

func TestDeploy_takesWhatGitKnows(t *testing.T) {
	w := withoutImage(t)
	w.write(".gitignore", "generated.py\n__pycache__/\n")
	w.write("dags/generated.py", "1")
	w.write("dags/a b\n\"c\".py", "1")
	w.write("dags/*.py", "1")
	w.commit()
	module := w.in(t.TempDir())
	module.git("init", "-q", "-b", "main")
	module.write("shared.py", "1")
	module.commit()
	w.git("submodule", "add", "-q", module.dir, "dags/lib")
	w.commit()
	_, err := w.carryOut(w.deployer())
	require.ErrorContains(t, err, "control character", "a name with a line's end is no DAG's")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "dags/a b\n\"c\".py")))
	w.commit()
	r := w.deployed()
	assert.Equal(t, "*.py common/dates.py etl.py lib/shared.py", w.live())
	assert.Contains(t, r.LeftOut, "generated.py")
}

func TestDeploy_takesChangesInNoCommitAlong(t *testing.T) {
	w := withoutImage(t)
	w.write("dags/draft.py", "1")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "dags/common/dates.py")))
	r, err := w.carryOut(w.deployer())
	assert.Equal(t, fault.Rejected, fault.Of(err))
	assert.Equal(t, syncer.Rejected, r.Outcome)
	assert.Empty(t, w.sim.Deploys(deployment))
	w.deployed(pipeline.Options{AllowDirty: true})
	assert.Equal(t, "draft.py etl.py", w.live())
	assert.Nil(t, w.sim.Deploys(deployment)[0].Git, "what is live is of no commit")
}

func TestDeploy_wantsTheWholeCommit(t *testing.T) {
	for _, how := range []string{"--skip-worktree", "--assume-unchanged"} {
		w := withoutImage(t)
		w.git("update-index", how, "dags/common/dates.py")
		require.NoError(t, os.Remove(filepath.Join(w.dir, "dags/common/dates.py")))
		_, err := w.carryOut(w.deployer())
		require.ErrorContains(t, err, "dags/common/dates.py")
		assert.Equal(t, fault.Rejected, fault.Of(err))
		assert.Empty(t, w.sim.Deploys(deployment))
	}
}

func TestDeploy_ofAPullRequestIsRefused(t *testing.T) {
	w := withoutImage(t)
	w.env = map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "x"}
	_, err := w.carryOut(w.deployer())
	require.ErrorContains(t, err, "pull request")
	assert.Equal(t, fault.Rejected, fault.Of(err))
	assert.Empty(t, w.sim.Deploys(deployment))
}

func TestDeploy_brokenDagsStopItFirst(t *testing.T) {
	w := newWorld(t)
	w.write("dags/etl.py", "broken")
	w.commit()
	r, err := w.carryOut(w.deployer())
	assert.Equal(t, fault.Rejected, fault.Of(err))
	assert.Len(t, r.Run.Findings, 1)
	assert.Equal(t, pipeline.Broke, step(r, "check").Outcome)
	assert.Empty(t, step(r, "image"), "no image is built for it")
	assert.Empty(t, w.sim.Deploys(deployment))
}

func TestDeploy_failingTestsStopIt(t *testing.T) {
	w := withoutImage(t)
	d := w.deployer()
	d.Tests = func(context.Context, *image.Image) (string, error) { return "", errors.New("1 test failed") }
	r, err := w.carryOut(d)
	require.ErrorContains(t, err, "1 test failed")
	assert.Equal(t, syncer.Failed, r.Outcome)
	assert.Empty(t, w.sim.Deploys(deployment))
}

func TestDeploy_waitsForAnotherRun(t *testing.T) {
	w := withoutImage(t)
	w.deployed()
	w.change("dags/etl.py")
	d := w.deployer()
	store := state.NewStore(d.Target.State, deployment, time.Now)
	snap, err := store.Read(t.Context())
	require.NoError(t, err)
	other, err := store.Acquire(t.Context(), snap, "other", time.Minute, nil)
	require.NoError(t, err)
	waited := make(chan string, 100)
	d.Progress = func(doing string) {
		if strings.HasPrefix(doing, "waiting: ") {
			waited <- doing
			_ = other.Release(context.Background(), nil)
		}
	}
	r, err := w.carryOut(d)
	require.NoError(t, err)
	assert.Equal(t, syncer.Deployed, r.Outcome)
	assert.Contains(t, <-waited, "run other holds the lease")
}

func TestDeploy_aHoldStopsIt(t *testing.T) {
	w := withoutImage(t)
	w.deployed()
	w.change("dags/etl.py")
	d := w.deployer()
	_, err := syncer.Syncer{}.Hold(t.Context(), d.Target, "ann", "freeze")
	require.NoError(t, err)
	r, err := w.carryOut(d)
	require.NoError(t, err)
	assert.Equal(t, syncer.Held, r.Outcome)
	assert.Contains(t, r.Reason, "freeze")
	assert.Len(t, w.sim.Deploys(deployment), 1)
}

// Configured for code that does not come, a Deployment would be half deployed.
func TestDeploy_whatStopsItStopsItFirst(t *testing.T) {
	untouched := func(w *world, r pipeline.Result) {
		assert.Equal(t, "check", r.Steps[len(r.Steps)-1].Name)
		assert.Empty(t, w.variables())
	}
	configured := func(before func(*world)) *world {
		w := withoutImage(t)
		before(w)
		w.write("deployments/prod.yaml", "deployment: {environment_variables: [{key: REGION, value: eu, is_secret: false}]}")
		w.change("dags/etl.py")
		return w
	}
	w := configured(func(w *world) { w.deployed() })
	d := w.deployer()
	_, err := syncer.Syncer{}.Hold(t.Context(), d.Target, "ann", "freeze")
	require.NoError(t, err)
	r, err := w.carryOut(d)
	require.NoError(t, err)
	assert.Equal(t, syncer.Held, r.Outcome)
	untouched(w, r)

	w = configured(func(w *world) { w.deploy(astro.TypeDagOnly, "") }) // somebody's
	d = w.deployer()
	d.Trigger.Adopt = false
	r, err = w.carryOut(d)
	require.ErrorContains(t, err, "--adopt")
	assert.Equal(t, syncer.Rejected, r.Outcome)
	untouched(w, r)
}

// The build of the older commit takes longer.
func TestDeploy_doesNotUndoWhatANewerBuildDeployedMeanwhile(t *testing.T) {
	for name, forget := range map[string]bool{"known": false, "pushed later, so that this clone lacks it": true} {
		t.Run(name, func(t *testing.T) {
			w := withoutImage(t)
			w.deployed()
			older := w.change("dags/etl.py")
			plan := w.plan()
			newer := w.change("dags/etl.py")
			w.deployed()
			w.git("reset", "-q", "--hard", older)
			if forget {
				w.git("reflog", "expire", "--expire=now", "--all")
				w.git("gc", "-q", "--prune=now")
			}
			d := w.deployer()
			r, err := d.Deploy(t.Context(), plan)
			require.ErrorContains(t, err, "another build deployed "+newer[:7]+" meanwhile")
			assert.Equal(t, syncer.Rejected, r.Outcome)
			assert.Len(t, w.sim.Deploys(deployment), 2)
			d.AllowOlder = true
			_, err = d.Deploy(t.Context(), plan)
			require.NoError(t, err)
		})
	}
}

func TestDeploy_noticesThatTheWorkingTreeChanges(t *testing.T) {
	w := withoutImage(t)
	d := w.deployer()
	d.Tests = func(context.Context, *image.Image) (string, error) {
		w.write("dags/new.py", "1") // not taken
		w.write("dags/etl.py", "2")
		return "", nil
	}
	_, err := w.carryOut(d)
	require.ErrorContains(t, err, "dags/etl.py changed while it was deployed")
	assert.Equal(t, fault.Rejected, fault.Of(err))

	w.git("checkout", "--", "dags/etl.py")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "dags/new.py")))
	d.Tests = func(context.Context, *image.Image) (string, error) {
		w.change("dags/etl.py")
		return "", nil
	}
	_, err = w.carryOut(d)
	require.ErrorContains(t, err, "was checked out while")
	assert.Empty(t, w.sim.Deploys(deployment))
}

// Enforced CI/CD takes API tokens only, which is found before anything is built.
func TestDeploy_byAPersonWhereCICDIsEnforced(t *testing.T) {
	for _, w := range []*world{withoutImage(t), newWorld(t, "  dags: bucket")} {
		enforced := true
		w.sim.Update(deployment, astrotest.Settings{IsCicdEnforced: &enforced})
		var err error
		w.client, err = astro.New(astro.Options{URL: w.sim.URL(), Token: secret.NewValue(w.sim.Token(astrotest.TokenOptions{User: true}))})
		require.NoError(t, err)
		r, err := w.carryOut(w.deployer())
		require.ErrorContains(t, err, "CI/CD is enforced on the Deployment clx1, and the token is a person's")
		require.ErrorContains(t, err, "Make a Deployment API token")
		assert.Equal(t, fault.Denied, fault.Of(err))
		assert.Equal(t, "check", r.Steps[len(r.Steps)-1].Name)
		assert.Empty(t, w.sim.Deploys(deployment))
	}
}
