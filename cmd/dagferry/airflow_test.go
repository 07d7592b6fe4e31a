package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// examples are the example DAGs of the Airflows that make tools installs.
func examples(t *testing.T, version string) string {
	t.Helper()
	dir := filepath.Join(checkout(t), ".cache", "venv", "airflow-plain-"+version, "lib/python3.11/site-packages/airflow/example_dags")
	_, err := os.Stat(dir)
	require.NoError(t, err, "run `make tools`")
	return dir
}

type checked struct {
	Files    int
	Findings []struct {
		Path                   string
		Line                   int
		Rule, Severity, Source string
	}
}

// check runs the program as a person would, and returns its exit code.
func check(t *testing.T, args ...string) (checked, int) {
	t.Helper()
	cmd := exec.Command(built(t), append([]string{"check", "--format", "json"}, args...)...)
	out, err := cmd.Output()
	code := 0
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		code = failed.ExitCode()
		require.Empty(t, failed.Stderr)
	} else {
		require.NoError(t, err)
	}
	var c checked
	require.NoError(t, json.Unmarshal(out, &c), "%s", out)
	return c, code
}

func TestCheck_airflowsOwnExamples(t *testing.T) {
	for version, target := range map[string][]string{
		"2.11.2": {"--airflow", "2.11", "--python", "3.12"},
		"3.3.2":  {"--airflow", "3.3", "--python", "3.14"},
	} {
		t.Run(version, func(t *testing.T) {
			dir := examples(t, version)
			c, code := check(t, append(target, dir)...)
			assert.Zero(t, code)
			assert.Greater(t, c.Files, 30)
			assert.Empty(t, c.Findings)

			tree := t.TempDir()
			require.NoError(t, os.CopyFS(tree, os.DirFS(dir)))
			path := filepath.Join(tree, "tutorial_dag.py")
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			lines := strings.Split(string(text), "\n")
			broken := len(lines) / 2
			for strings.TrimSpace(lines[broken]) == "" || strings.HasPrefix(strings.TrimSpace(lines[broken]), "#") {
				broken++
			}
			lines[broken] = strings.TrimRight(lines[broken], " ") + " = = 1"
			require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))

			c, code = check(t, append(target, tree)...)
			assert.Equal(t, 3, code)
			require.Len(t, c.Findings, 1)
			assert.Equal(t, path, c.Findings[0].Path)
			assert.Equal(t, broken+1, c.Findings[0].Line)
			assert.Equal(t, "block", c.Findings[0].Severity)
		})
	}
}
