package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDescribe_tagsCommitsAndChanges(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	version := func() string {
		c, err := describe(t.Context(), dir)
		require.NoError(t, err)
		assert.Equal(t, time.Unix(1_700_000_000, 0).UTC(), c.when)
		if c.changes == "" {
			require.NoError(t, c.clean())
		} else {
			require.ErrorContains(t, c.clean(), "Commit, stash or remove")
			require.ErrorContains(t, c.clean(), "a.go")
		}
		return c.version
	}
	write("b.go", "package a")
	committed(t, dir)
	assert.Regexp(t, "^[0-9a-f]{12}$", version())
	git(t, dir, "tag", "v1.2.3")
	assert.Equal(t, "v1.2.3", version())
	write("a.go", "package a")
	assert.Equal(t, "v1.2.3-dirty", version(), "the compiler would take the untracked file")
	committed(t, dir)
	assert.Regexp(t, "^v1.2.3-1-g[0-9a-f]{12}$", version())
	write("a.go", "package b")
	assert.Regexp(t, "^v1.2.3-1-g[0-9a-f]{12}-dirty$", version())
}

func TestDescribe_noGit(t *testing.T) {
	t.Setenv("GIT_CEILING_DIRECTORIES", os.TempDir())
	_, err := describe(t.Context(), t.TempDir())
	require.ErrorContains(t, err, "not a git repository")
}

func TestCheckVersion(t *testing.T) {
	for _, version := range []string{"v1.2.3", "dev", "1.0.0-rc.1+build_2"} {
		assert.NoError(t, checkVersion(version))
	}
	for _, version := range []string{"", "v1 -X main.x=y", "../v1", "-dirty", "v1\n"} {
		assert.ErrorContains(t, checkVersion(version), "such as v1.2.3", version)
	}
}

// committed commits all of the folder, as a repository of its own, to the same hash each time.
func committed(t *testing.T, dir string) {
	git(t, dir, "init", "-q", "-b", "main")
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "all")
}

func git(t *testing.T, dir string, args ...string) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.com", "GIT_COMMITTER_DATE=1700000000 +0000")
	out, err := cmd.CombinedOutput()
	require.NoErrorf(t, err, "%s: %s", cmd, out)
}
