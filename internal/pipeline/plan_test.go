package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/pipeline"
)

func TestPlan_changesNothing(t *testing.T) {
	w := newWorld(t)
	w.write("dags/etl.py", "2")
	w.git("add", "dags/etl.py")
	w.write("dags/new.py", "1")
	index, err := os.ReadFile(filepath.Join(w.dir, ".git/index"))
	require.NoError(t, err)
	status, refs := w.git("status", "--short"), w.git("for-each-ref")
	w.plan()
	after, err := os.ReadFile(filepath.Join(w.dir, ".git/index"))
	require.NoError(t, err)
	assert.Equal(t, index, after)
	assert.Equal(t, []string{status, refs}, []string{w.git("status", "--short"), w.git("for-each-ref")})
	assert.Equal(t, map[string]int{"deployment": 1, "deploys": 1}, w.client.Requests())
	assert.Empty(t, w.sim.Deploys(deployment))
}

func TestPlan_severalCommitsAndAMerge(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	w.change("dags/a.py")
	w.change("dags/b.py")
	w.git("switch", "-q", "-c", "feature", "HEAD~1")
	w.change("requirements.txt")
	w.git("switch", "-q", "main")
	w.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
	w.expect(pipeline.ImageAndDag, "dags/a.py: dags", "dags/b.py: dags", "requirements.txt: image")

	w.git("revert", "--no-edit", "-m", "1", "HEAD") // only what remains counts
	w.expect(pipeline.DagOnly, "dags/a.py: dags", "dags/b.py: dags")
}

func TestPlan_squashLosesNothing(t *testing.T) {
	w := newWorld(t)
	w.git("switch", "-q", "-c", "feature")
	w.change("dags/a.py")
	live := w.change("requirements.txt")
	w.deploy(astro.TypeImageAndDag, live) // somebody tried the branch
	w.change("dags/b.py")
	w.git("switch", "-q", "main")
	w.git("merge", "-q", "--squash", "feature")
	w.commit()
	p := w.expect(pipeline.DagOnly, "dags/b.py: dags")
	assert.Equal(t, live, p.DagBase.Commit)
	assert.Empty(t, p.Refused)
}

func TestPlan_forcePush(t *testing.T) {
	w := newWorld(t)
	w.change("dags/a.py")
	live := w.change("dags/b.py")
	w.deploy(astro.TypeImageAndDag, live)
	w.git("reset", "-q", "--hard", "HEAD~1")
	w.change("dags/c.py")
	p := w.expect(pipeline.DagOnly, "dags/b.py: dags", "dags/c.py: dags")
	assert.Equal(t, "D", p.Files[0].Status, "the rewritten commit's file has to go")
	assert.Empty(t, p.Refused)

	clone := w.in(t.TempDir())
	clone.git("clone", "-q", "file://"+w.dir, ".") // which does not have the commit that nothing leads to
	p = clone.plan()
	assert.Equal(t, pipeline.ImageAndDag, p.Decision)
	says(t, p, "image: deployed whole, for its commit "+live[:7]+" is not in this repository: the branch was rewritten")
}

func TestPlan_shallowClone(t *testing.T) {
	w := newWorld(t)
	first := w.head()
	w.deploy(astro.TypeImageAndDag, first)
	second := w.change("dags/etl.py")
	clone := func(depth string) *world {
		c := w.in(t.TempDir())
		c.git("clone", "-q", "--depth", depth, "file://"+w.dir, ".")
		return c
	}
	p := clone("1").plan()
	assert.Equal(t, pipeline.ImageAndDag, p.Decision)
	says(t, p, "its commit "+first[:7]+" is not in this clone, which is shallow: fetch the whole history")
	clone("2").expect(pipeline.DagOnly, "dags/etl.py: dags")

	w.deploy(astro.TypeDagOnly, second)
	assert.Equal(t, pipeline.ImageOnly, clone("1").plan().Decision, "its DAGs are those of the commit that it has")
}

func TestPlan_anOldBuildAgain(t *testing.T) {
	w := newWorld(t)
	first := w.head()
	w.deploy(astro.TypeImageAndDag, first)
	second := w.change("dags/a.py")
	third := w.change("dags/b.py")
	w.deploy(astro.TypeDagOnly, third)

	w.git("checkout", "-q", second)
	p := w.plan(pipeline.Options{Branch: "main"})
	assert.Equal(t, pipeline.DagOnly, p.Decision)
	says(t, p, second[:7]+" is older than "+third[:7]+", which is live", "use --allow-older")
	err := p.Refusal(pipeline.RuleOlder)
	require.Error(t, err)
	assert.Equal(t, fault.Rejected, fault.Of(err))
	require.NoError(t, p.Refusal(pipeline.RuleDirty))
	assert.Empty(t, w.plan(pipeline.Options{Branch: "main", AllowOlder: true}).Refused)
	assert.NotEmpty(t, w.plan(pipeline.Options{Branch: "main", Type: astro.TypeDagOnly}).Refused, "a type is no leave to go back")

	w.deploy(astro.TypeImageAndDag, third)
	w.git("checkout", "-q", "main")
	docs := w.change("README.md")
	w.deploy(astro.TypeImageAndDag, docs)
	w.git("checkout", "-q", third)
	assert.Empty(t, w.plan(pipeline.Options{Branch: "main"}).Refused, "nothing is undone")

	w.git("checkout", "-q", "main")
	w.change("deployments/prod.yaml")
	w.deploy(astro.TypeImageAndDag, w.change("README.md"))
	w.git("checkout", "-q", docs)
	p = w.plan(pipeline.Options{Branch: "main"})
	assert.Equal(t, pipeline.Configuration, p.Decision)
	assert.NotEmpty(t, p.Refused, "an old configuration undoes a newer one")
}

// A build that is run again in a shallow clone, and one from before a force push: git cannot tell that they are old, the history can.
func TestPlan_anOldBuildAgainWhereGitDoesNotTell(t *testing.T) {
	w := newWorld(t)
	first := w.head()
	w.deploy(astro.TypeImageAndDag, first)
	shallow := w.in(t.TempDir())
	shallow.git("clone", "-q", "--depth", "1", "file://"+w.dir, ".")
	second := w.change("dags/a.py")
	w.deploy(astro.TypeImageAndDag, second)
	says(t, shallow.plan(), first[:7]+" was deployed before, and "+second[:7]+" since")
	shallow.env = map[string]string{"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
	require.NoError(t, shallow.plan().Refusal(pipeline.RuleOlder), "a pull request may be behind")

	w.git("reset", "-q", "--hard", "HEAD~1")
	third := w.change("dags/b.py")
	w.deploy(astro.TypeImageAndDag, third)
	w.git("checkout", "-q", second)
	says(t, w.plan(pipeline.Options{Branch: "main"}), second[:7]+" was deployed before, and "+third[:7]+" since")
}

func TestPlan_branches(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	for name, prepare := range map[string]func(){
		"the branch feature is not deployed: pipeline.branches has dev, main": func() { w.git("switch", "-q", "-c", "feature") },
		"HEAD is detached":                func() { w.git("checkout", "-q", "--detach") },
		"this is a build of the tag main": func() { w.env = map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/main"} },
	} {
		prepare()
		p := w.expect(pipeline.Nothing)
		says(t, p, name)
		assert.Empty(t, p.Target)
		w.refused(pipeline.Options{Type: astro.TypeDagOnly}, "there is no target for it")
		w.env = map[string]string{}
	}
	assert.Zero(t, w.client.Requests()["deployment"], "Astro was not asked")

	assert.Equal(t, "prod", w.plan(pipeline.Options{Branch: "main"}).Target)
	p := w.plan(pipeline.Options{Branch: "feature", Target: "prod"})
	assert.Equal(t, "prod", p.Target)
	says(t, p, "the branch feature is not the one that is deployed to prod")
	w.refused(pipeline.Options{Target: "nowhere"}, "there is no target nowhere")
	w.config.Targets[1].Sources = []config.Source{{URL: "s3://a/"}}
	w.refused(pipeline.Options{Target: "dev"}, "the DAGs of dev come from its sources, and pipeline.dags is git")
}

func TestPlan_pullRequestsSayWhatMergingWouldDo(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	w.git("switch", "-q", "-c", "feature")
	w.change("dags/etl.py")
	w.git("switch", "-q", "main")
	w.deploy(astro.TypeImageAndDag, w.change("requirements.txt")) // main went on
	w.git("switch", "-q", "feature")
	w.env = map[string]string{"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}

	p := w.expect(pipeline.DagOnly, "dags/etl.py: dags")
	assert.Equal(t, "7", p.Request.ID)
	require.ErrorContains(t, p.Refusal(), "deploys nothing")

	clone := w.in(t.TempDir())
	clone.git("clone", "-q", "--single-branch", "--branch", "feature", "file://"+w.dir, ".")
	says(t, clone.plan(), "the clone does not have the branch main")
	clone.git("fetch", "-q", "origin", "main:refs/remotes/origin/main")
	clone.expect(pipeline.DagOnly, "dags/etl.py: dags")

	w.change("requirements.txt")
	w.change("requirements.txt")
	says(t, w.plan(), "by itself: the plan is of what is checked out")

	w.env["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = "other"
	says(t, w.expect(pipeline.Nothing), "merging into other deploys nothing")
	w.env = map[string]string{"CIRCLECI": "true", "CIRCLE_BRANCH": "pull/7"}
	says(t, w.expect(pipeline.Nothing), "does not say into which branch")
	w.env = map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "1234567890"}
	says(t, w.plan(), "the build is of 1234567, and "+w.head()[:7]+" is checked out")
}

func TestPlan_dirtyTrees(t *testing.T) {
	w := newWorld(t)
	w.write(".gitignore", "*.tmp\n")
	w.deploy(astro.TypeImageAndDag, w.commit())
	w.write("tests/new.py", "1")
	w.write("dags/a.tmp", "1")
	assert.Empty(t, w.plan().Dirty, "a deploy would not take them")

	w.write("dags/new file.py", "1")
	w.write("dags/etl.py", "2")
	w.git("add", "dags/etl.py")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "requirements.txt")))
	p := w.expect(pipeline.Nothing)
	require.Len(t, p.Dirty, 3)
	assert.Equal(t, []string{"M", "?", "D"}, []string{p.Dirty[0].Status, p.Dirty[1].Status, p.Dirty[2].Status})
	says(t, p, "changes of dags/etl.py and 2 more files are in no commit")

	p = w.plan(pipeline.Options{AllowDirty: true})
	assert.Equal(t, pipeline.ImageAndDag, p.Decision)
	says(t, p, "DAGs: 2 files changed")
	assert.Empty(t, p.Refused)
}

func TestPlan_nobodysConfigurationChangesWhatGitSays(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	w.git("mv", "dags/etl.py", "include/etl.py")
	w.commit()
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(
		"[diff]\nrenames = copies\nnoprefix = true\nexternal = false\nignoreSubmodules = all\n[status]\nshort = true\nshowUntrackedFiles = no\nrelativePaths = true\n"+
			"[color]\nui = always\n[core]\nquotePath = true\nexcludesFile = "+home+"/ignore\n[log]\nshowSignature = true\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(home, "ignore"), []byte("*.py\n"), 0o644))
	t.Setenv("HOME", home)
	t.Setenv("GIT_DIR", "/nowhere")
	t.Setenv("GIT_EXTERNAL_DIFF", "false")
	t.Setenv("GIT_GLOB_PATHSPECS", "1")
	w.write("dags/new.py", "1")
	sub := w.in(filepath.Join(w.dir, "dags"))
	p := sub.expect(pipeline.ImageAndDag, "dags/etl.py: dags", "include/etl.py: image")
	require.Len(t, p.Dirty, 1)
	assert.Equal(t, "dags/new.py", p.Dirty[0].Path)
}

func TestPlan_repositoriesThatCannotBePlannedFor(t *testing.T) {
	w := newWorld(t)
	w.in(t.TempDir()).refused(pipeline.Options{}, "not a git repository")
	empty := w.in(t.TempDir())
	empty.git("init", "-q")
	_, err := empty.planner().Plan(t.Context(), pipeline.Options{})
	require.ErrorContains(t, err, "has no commits yet")
	assert.Equal(t, fault.Rejected, fault.Of(err))
	w.config.Pipeline = nil
	w.refused(pipeline.Options{}, "pipeline: {branches: {main: prod}}")
	newWorld(t).refused(pipeline.Options{Type: "dags"}, "write DAG_ONLY, IMAGE_ONLY or IMAGE_AND_DAG")
	w = newWorld(t)
	t.Setenv("PATH", t.TempDir())
	w.refused(pipeline.Options{}, "it is not installed")
}

func TestPlan_bucketAndElsewhereAreLeftAlone(t *testing.T) {
	for _, dags := range []string{"bucket", "elsewhere"} {
		w := newWorld(t, "  dags: "+dags)
		p := w.plan()
		assert.Equal(t, pipeline.ImageOnly, p.Decision, "the first deploy too")
		says(t, p, "DAGs: left alone", "pipeline.dags: "+dags)
		w.deploy(astro.TypeImageOnly, w.head())
		w.sim.Deploy(deployment, "by a function", nil)
		w.change("dags/etl.py")
		w.expect(pipeline.Nothing, "dags/etl.py: dags")
		w.write("dags/new.py", "1")
		assert.Empty(t, w.plan().Dirty)
		w.change("requirements.txt")
		w.expect(pipeline.ImageOnly, "dags/etl.py: dags", "dags/new.py: dags", "requirements.txt: image")
		for _, kind := range []string{astro.TypeDagOnly, astro.TypeImageAndDag} {
			w.refused(pipeline.Options{Type: kind}, "the DAGs are not this pipeline's to deploy (pipeline.dags: "+dags+")")
		}
		assert.Equal(t, pipeline.ImageOnly, w.plan(pipeline.Options{Type: astro.TypeImageOnly}).Decision)
	}
}

func TestPlan_typesAreObeyedOrRefused(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	for _, kind := range []pipeline.Decision{pipeline.DagOnly, pipeline.ImageOnly, pipeline.ImageAndDag} {
		p := w.plan(pipeline.Options{Type: string(kind)})
		assert.Equal(t, kind, p.Decision, "although nothing changed")
		says(t, p, string(kind)+" is asked for")
	}
	w.change("dags/etl.py")
	w.change("requirements.txt")
	says(t, w.plan(pipeline.Options{Type: astro.TypeDagOnly}), "not deployed, as asked: image: 1 file changed")
	says(t, w.plan(pipeline.Options{Type: astro.TypeImageOnly}), "not deployed, as asked: DAGs: 1 file changed")
	says(t, w.plan(pipeline.Options{Type: astro.TypeImageAndDag}), "IMAGE_AND_DAG is asked for")

	w.git("rm", "-q", "Dockerfile")
	w.commit()
	w.refused(pipeline.Options{Type: astro.TypeImageOnly}, "there is no Dockerfile in the repository's root")
	w.refused(pipeline.Options{Type: astro.TypeImageAndDag}, "there is no Dockerfile")
	assert.Equal(t, pipeline.DagOnly, w.plan(pipeline.Options{Type: astro.TypeDagOnly}).Decision)
}

// A repository of DAGs beside one that has the image: the image's commits are another repository's, and none of its business.
func TestPlan_withoutADockerfileOnlyDagsAreDeployed(t *testing.T) {
	w := newWorld(t)
	w.git("rm", "-q", "Dockerfile", "requirements.txt")
	first := w.commit()
	says(t, w.expect(pipeline.DagOnly), "image: left alone, there is no Dockerfile")
	w.deploy(astro.TypeDagOnly, first)
	w.deploy(astro.TypeImageOnly, "0123456789012345678901234567890123456789")
	w.expect(pipeline.Nothing)
	w.change("requirements.txt")
	w.change("dags/etl.py")
	w.expect(pipeline.DagOnly, "dags/etl.py: dags")

	w.write("Dockerfile", "FROM runtime")
	w.deploy(astro.TypeImageAndDag, w.commit())
	w.git("rm", "-q", "Dockerfile")
	w.commit()
	says(t, w.expect(pipeline.Nothing, "Dockerfile: image"), "image: left alone, there is no Dockerfile")
}

func TestPlan_dagDeploysSwitchedOff(t *testing.T) {
	off := false
	w := newWorld(t)
	w.sim.Update(deployment, astrotest.Settings{IsDagDeployEnabled: &off})
	w.deploy(astro.TypeImageAndDag, w.head())
	w.expect(pipeline.Nothing)
	w.change("dags/etl.py")
	says(t, w.expect(pipeline.ImageAndDag, "dags/etl.py: dags"), "DAGs travel in the image")
	w.refused(pipeline.Options{Type: astro.TypeDagOnly}, "switched off")
	w.refused(pipeline.Options{Type: astro.TypeImageOnly}, "switched off")

	image := w.head()
	w.deploy(astro.TypeImageOnly, image)
	assert.Equal(t, image, w.plan().DagBase.Commit, "an image brings its own DAGs then")

	w.config.Pipeline.Dags = "bucket"
	w.expect(pipeline.Nothing)
	w.change("requirements.txt")
	w.refused(pipeline.Options{}, "would bring its own dags/ and replace the DAGs")
	w.config.Pipeline.Dags = "git"
	w.git("rm", "-q", "Dockerfile")
	w.change("dags/etl.py")
	w.refused(pipeline.Options{}, "no Dockerfile in the repository's root to build an image with the DAGs from")
}

func TestPlan_configurationThatIsGoneIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	w.git("rm", "-q", "deployments/prod.yaml")
	w.commit()
	says(t, w.expect(pipeline.Nothing, "deployments/prod.yaml: configuration"), "there is no deployments/prod.yaml in the commit")
}
