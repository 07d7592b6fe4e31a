package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// smallRelease is a release of one small command, whose version is that of a repository made for the test.
func smallRelease(t *testing.T) (release, *bytes.Buffer) {
	tree, told := t.TempDir(), &bytes.Buffer{}
	for _, name := range []string{"LICENSE", "README.md"} {
		require.NoError(t, os.WriteFile(filepath.Join(tree, name), []byte(name), 0o600))
	}
	committed(t, tree)
	git(t, tree, "tag", "v1.2.3")
	return release{
		dir: tree,
		out: &folder{path: t.TempDir()},
		products: func(c commit) []deliverable {
			return []deliverable{
				function("fn", command, c.version, "arm64"),
				commandLine("cli", command, c.version, "linux", "amd64", tree, c.when),
			}
		},
		tell: func(name string, _ []byte) { told.WriteString(name + "\n") },
	}, told
}

func TestRelease_whatIsInIt(t *testing.T) {
	r, told := smallRelease(t)
	require.NoError(t, r.make(t.Context()))
	files := []string{"cli_v1.2.3_linux_amd64.tar.gz", "cli_v1.2.3_linux_amd64.tar.gz.cdx.json", "fn-arm64.zip", "fn-arm64.zip.cdx.json"}
	checkSums(t, r.out.path, files...)
	assert.ElementsMatch(t, files, strings.Fields(told.String()))
	list, err := exec.Command("tar", "tvzf", filepath.Join(r.out.path, files[0])).CombinedOutput()
	require.NoError(t, err, string(list))
	lines := strings.Split(strings.TrimSpace(string(list)), "\n")
	require.Len(t, lines, 4)
	assert.Regexp(t, `^-rw-r--r-- .*2023.* LICENSE$`, lines[0])
	assert.Regexp(t, `^-rw-r--r-- .*2023.* README.md$`, lines[1])
	assert.Regexp(t, `^-rw-r--r-- .*2023.* THIRD_PARTY_LICENSES$`, lines[2])
	assert.Regexp(t, `^-rwxr-xr-x .*2023.* cli$`, lines[3])
}

func TestRelease_whatNobodyCouldBuildAgainIsRefused(t *testing.T) {
	r, told := smallRelease(t)
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "forgotten.go"), nil, 0o600))
	err := r.make(t.Context())
	require.ErrorContains(t, err, "v1.2.3-dirty is no release")
	require.ErrorContains(t, err, "?? forgotten.go")
	assert.Empty(t, told.String())
}

func TestRelease_treeThatChangesIsRefused(t *testing.T) {
	r, _ := smallRelease(t)
	products := r.products
	r.products = func(c commit) []deliverable { return products(c)[1:] }
	r.tell = func(string, []byte) {
		assert.NoError(t, os.WriteFile(filepath.Join(r.dir, "edited.go"), nil, 0o600))
	}
	require.ErrorContains(t, r.make(t.Context()), "the tree changed while it was built")
	assert.NoFileExists(t, filepath.Join(r.out.path, sumsFile))
}

func TestRelease_filesOfOthersAreRefused(t *testing.T) {
	r, _ := smallRelease(t)
	old := filepath.Join(r.out.path, "cli_v1.2.2_linux_amd64.tar.gz")
	require.NoError(t, os.WriteFile(old, nil, 0o600))
	require.ErrorContains(t, r.make(t.Context()), old+" is not of this release")
}

func TestRun_releaseDecidesItself(t *testing.T) {
	err := run(t.Context(), []string{"-release", "-version", "v1"}, io.Discard)
	require.ErrorContains(t, err, "-release does not go with -version")
}

// checkSums has sha256sum check the folder, and that it has these files and no others.
func checkSums(t *testing.T, dir string, files ...string) {
	list, err := os.ReadFile(filepath.Join(dir, sumsFile))
	require.NoError(t, err)
	var listed []string
	for line := range strings.Lines(string(list)) {
		listed = append(listed, strings.Fields(line)[1])
	}
	assert.Equal(t, slices.Sorted(slices.Values(files)), listed)
	check := exec.Command("sha256sum", "--strict", "-c", sumsFile)
	check.Dir = dir
	out, err := check.CombinedOutput()
	assert.NoError(t, err, string(out))
	found, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, found, len(files)+1)
}
