package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/pipeline"
)

// module adds a submodule with one file.
func (w *world) module(at string) *world {
	w.Helper()
	m := w.in(w.TempDir())
	m.git("init", "-q", "-b", "main")
	m.write("shared.py", "1")
	m.write(".gitignore", "generated.py\n")
	m.commit()
	w.git("submodule", "add", "-q", m.dir, at)
	w.commit()
	return w.in(filepath.Join(w.dir, at))
}

// isRefused carries out what must not be deployed, since it is not the commit.
func (w *world) isRefused(says ...string) {
	w.Helper()
	_, err := w.carryOut(w.deployer())
	for _, text := range says {
		require.ErrorContains(w, err, text)
	}
	assert.Equal(w, fault.Rejected, fault.Of(err))
	assert.Empty(w, w.sim.Deploys(deployment))
}

func TestDeploy_submodules(t *testing.T) {
	w := withoutImage(t)
	m := w.module("dags/lib")
	m.write("generated.py", "1")
	r := w.deployed()
	assert.Equal(t, "common/dates.py etl.py lib/.gitignore lib/shared.py", w.live())
	assert.Contains(t, r.LeftOut, "lib/generated.py", "what the submodule ignores is of no commit of its either")

	m.write("draft.py", "1")
	w.change("dags/etl.py")
	_, err := w.carryOut(w.deployer())
	require.ErrorContains(t, err, "dags/lib")
	w.deployed(pipeline.Options{AllowDirty: true})
	assert.Equal(t, "common/dates.py etl.py lib/.gitignore lib/draft.py lib/shared.py", w.live())
}

// An empty folder is all that a clone without --recurse-submodules has, and git status calls it clean.
func TestDeploy_submoduleThatIsNotCheckedOut(t *testing.T) {
	w := withoutImage(t)
	w.module("dags/lib")
	w.git("submodule", "deinit", "-q", "-f", "dags/lib")
	w.isRefused("dags/lib is not checked out", "git submodule update --init")
}

func TestDeploy_whatOnlyThisCloneIgnoresIsOfNoCommit(t *testing.T) {
	w := withoutImage(t)
	w.write(".git/info/exclude", "mine.py\n")
	w.write("dags/mine.py", "1")
	r := w.deployed()
	assert.Equal(t, "common/dates.py etl.py", w.live())
	assert.Contains(t, r.LeftOut, "mine.py")
}

func TestDeploy_links(t *testing.T) {
	link := func(w *world, to, name string) {
		require.NoError(t, os.Symlink(to, filepath.Join(w.dir, name)))
		w.commit()
	}
	w := withoutImage(t)
	link(w, "common/dates.py", "dags/days.py")
	w.deployed()
	assert.Equal(t, "common/dates.py days.py etl.py", w.live())

	w = withoutImage(t)
	w.write(".gitignore", "generated.py\n")
	w.write("dags/generated.py", "1")
	link(w, "generated.py", "dags/alias.py")
	w.isRefused("dags/alias.py is a link to dags/generated.py", "no commit")

	w = withoutImage(t)
	w.write("shared/dates.py", "1")
	link(w, "../shared/dates.py", "dags/dates.py")
	w.isRefused("dags/dates.py")

	w = withoutImage(t)
	link(w, "common/dates.py", "dags/days.py")
	w.git("config", "core.symlinks", "false")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "dags/days.py")))
	w.git("checkout", "--", "dags/days.py")
	w.isRefused("dags/days.py is a link in the commit")

	w = withoutImage(t)
	w.write("code/etl.py", "1")
	w.git("rm", "-q", "-r", "dags")
	link(w, "code", "dags")
	w.isRefused("dags")
}

func TestDeploy_fileThatLFSDidNotFetch(t *testing.T) {
	w := withoutImage(t)
	w.write("dags/model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
	w.commit()
	w.isRefused("Git LFS did not fetch dags/model.bin")
}
