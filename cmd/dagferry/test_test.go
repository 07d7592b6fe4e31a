package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told is what dagferry test says.
type told struct {
	Suites []struct {
		Suite, Note           string
		Tests, Failed, Errors int
	}
	Parse *struct {
		Findings []struct{ Path, Rule, Severity string }
	}
	stderr string
}

// tests runs dagferry test in a project by a real pytest and a real Airflow.
func tests(t *testing.T, program, project string, args ...string) (got told, code int) {
	t.Helper()
	python := filepath.Join(checkout(t), ".cache", "venv", "pytest", "bin", "python")
	_, err := os.Stat(python)
	require.NoError(t, err, "run `make tools`")
	cmd := exec.Command(program, append([]string{"test", "--json", "--interpreter", python}, args...)...)
	cmd.Dir, cmd.Env = project, append(os.Environ(), "ASTRO_API_TOKEN=a token of ours", "INHERITED=yes", "GITHUB_WORKSPACE=")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, _ := cmd.Output() // the exit code says it
	got.stderr = said.String()
	if len(out) > 0 {
		require.NoError(t, json.Unmarshal(out, &got), "%s", out)
	}
	return got, cmd.ProcessState.ExitCode()
}

func TestTest_aProject(t *testing.T) {
	program, project := built(t), t.TempDir()
	put := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(project, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(project, name), []byte(text), 0o600))
	}
	put("dags/etl.py", "import os\nfrom airflow import DAG\nfrom include.names import NAME\nassert os.getenv('UNSET') == 'MOCKED_UNSET_VALUE'\nwith DAG(NAME + os.environ['STAGE'], schedule=None): pass")
	put("dags/excepted.py", "from airflow import DAG\nraise ValueError")
	put(".astro/dag_integrity_exceptions.txt", "dags/excepted.py\n")
	put(".astro/test_own.py", "def test_own(): pass")
	put("include/names.py", "NAME = 'etl'")
	put("tests/test_a.py", "import os\ndef test_a():\n    assert (os.environ['STAGE'], os.environ['INHERITED'], os.environ.get('ASTRO_API_TOKEN')) == ('test', 'yes', None)")
	put(".env", "# of the tests\n\nSTAGE=test\nINHERITED\nMISSING_HERE\n")

	got, code := tests(t, program, project, "--junit", "out.xml")
	require.Equal(t, 0, code, got.stderr)
	require.Len(t, got.Suites, 2)
	assert.Equal(t, 1, got.Suites[0].Tests)
	assert.Equal(t, "own parse tests", got.Suites[1].Suite)
	assert.Equal(t, 1, got.Suites[1].Tests)
	assert.Empty(t, got.Parse.Findings)
	assert.Contains(t, got.stderr, "1 passed")
	written, err := os.ReadFile(filepath.Join(project, "out.xml"))
	require.NoError(t, err)
	assert.Equal(t, 3, strings.Count(string(written), "<testsuite "))

	put("dags/bad.py", "from airflow import DAG\nint('no number')")
	put("tests/test_a.py", "def test_a(): assert not 'this'\ndef test_b(): pass")
	got, code = tests(t, program, project, ".", "--", "-q")
	assert.Equal(t, 3, code)
	assert.Equal(t, 1, got.Suites[0].Failed)
	require.Len(t, got.Parse.Findings, 1)
	assert.Equal(t, "dags/bad.py", got.Parse.Findings[0].Path)
	assert.Contains(t, got.stderr, "dagferry: pytest: 1 of 2 tests failed, the first is tests.test_a.test_a")
	assert.Contains(t, got.stderr, "parse test: there are findings that block, the first is dags/bad.py:2: ")

	got, code = tests(t, program, project, "--no-parse", "--tests", "tests/test_a.py", "--", "-k", "test_b")
	assert.Equal(t, 0, code, got.stderr)
	assert.Nil(t, got.Parse)
	require.Len(t, got.Suites, 1)
}

func TestTest_usage(t *testing.T) {
	program, project := built(t), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(project, "dags"), 0o700))
	configuration := "version: 1\ntargets:\n  - {name: a, deployment: d, token: env://T, state: file:///tmp/x, sources: [{url: file:///tmp/y}]}\n"
	require.NoError(t, os.WriteFile(filepath.Join(project, "dagferry.yaml"), []byte(configuration), 0o600))
	for want, args := range map[string][]string{
		"there is nothing to test":  {"--no-pytest", "--no-parse"},
		"two places":                {"--image-name", "x"},
		"use --junit FILE":          {"--", "--junitxml=x"},
		"missing is not a folder":   {"missing"},
		"name one folder":           {".", "dags"},
		"read --env-file":           {"--env-file", "missing"},
		"--env x: write NAME=value": {"--env", "x"},
		"unknown flag: --nonsense":  {"--nonsense"},
		"name one of":               {"--target", "nobody", "--config", "dagferry.yaml"},
	} {
		got, code := tests(t, program, project, args...)
		assert.Equal(t, 2, code, want)
		assert.Contains(t, got.stderr, want)
	}
	_, code := tests(t, program, project, "--tests", "../elsewhere")
	assert.Equal(t, 3, code)
}
