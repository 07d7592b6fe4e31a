package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// strategies is the folder with the example repositories.
const strategies = "../../docs/strategies"

// found are the files below strategies whose path matches.
func found(t *testing.T, pattern string) []string {
	t.Helper()
	var paths []string
	matches := regexp.MustCompile(pattern)
	require.NoError(t, filepath.WalkDir(strategies, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && matches.MatchString(filepath.ToSlash(path)) {
			paths = append(paths, path)
		}
		return err
	}))
	require.NotEmpty(t, paths, pattern)
	return paths
}

func TestStrategies_configurationsAreInOrder(t *testing.T) {
	for _, path := range found(t, `/(dagferry|function)\.yaml$`) {
		code, out, stderr := run(t, "config", "validate", "--config", path)
		assert.Zero(t, code, "%s\n%s%s", path, out, stderr)
	}
}

// Their DAGs have no findings for the Runtime of their Dockerfiles, and a real Airflow imports them.
func TestStrategies_dagsAreImported(t *testing.T) {
	python := filepath.Join(checkout(t), ".cache", "venv", "airflow-plain-3.3.2", "bin", "python")
	require.FileExists(t, python, "run `make tools`")
	all := t.TempDir()
	files := found(t, `/dags/\w+\.py$`)
	for _, path := range files {
		assert.Equal(t, 1, clean(t, "--airflow", "3.1", "--python", "3.12", filepath.Dir(path)), path)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(all, filepath.Base(path)), text, 0o600))
	}
	assert.Equal(t, len(files), clean(t, "--airflow", "3.3", "--level", "import", "--interpreter", python, all))
}

// clean checks a folder without a finding, and returns how many files it has.
func clean(t *testing.T, args ...string) int {
	t.Helper()
	code, out, stderr := run(t, append([]string{"check", "--format", "json"}, args...)...)
	assert.Zero(t, code, stderr)
	var got checked
	require.NoError(t, json.Unmarshal([]byte(out), &got), out)
	assert.Empty(t, got.Findings)
	return got.Files
}

var (
	command = regexp.MustCompile("(?m)(?:^|`)dagferry (\\w[^`\n#]*)")
	link    = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

func TestStrategies_readmesNameWhatThereIs(t *testing.T) {
	commands := 0
	for _, path := range found(t, `/README\.md$`) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range command.FindAllSubmatch(text, -1) {
			words := strings.Fields(string(m[1]))
			c, rest, err := newRoot().Find(words)
			require.NoError(t, err, "%s: dagferry %s", path, m[1])
			assert.False(t, c.HasSubCommands(), "%s: dagferry %s", path, m[1])
			assert.NoError(t, c.ParseFlags(quoted(rest)), "%s: dagferry %s", path, m[1])
			commands++
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			assert.FileExists(t, filepath.Join(filepath.Dir(path), string(m[1])), path)
		}
	}
	assert.Greater(t, commands, 10)
}

// quoted joins the words of an argument in quotes.
func quoted(words []string) []string {
	joined := regexp.MustCompile(`"([^"]*)"`).ReplaceAllStringFunc(strings.Join(words, "\x00"), func(s string) string {
		return strings.ReplaceAll(strings.Trim(s, `"`), "\x00", " ")
	})
	return strings.Split(joined, "\x00")
}
