package parse_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
)

var pairs = flag.String("pairs", "none", "the versions whose example DAGs are really imported: none, one pair (make agree), or all (make imports-agree)")

// TestCheck_agreesWithImports imports Airflow's example DAGs by their own version and by a later one. What fails there,
// and nothing else, has to block: so the rules find what a migration breaks, and refuse no DAG that works.
func TestCheck_agreesWithImports(t *testing.T) {
	if *pairs == "none" {
		t.Skip("make agree runs it")
	}
	for _, c := range []struct {
		of, by  string
		failing int
	}{
		{"2.11.2", "3.3.2", 14},
		{"3.3.2", "3.3.2", 0}, {"2.11.2", "2.11.2", 0}, {"2.7.3", "2.11.2", 0}, {"2.7.3", "3.3.2", 5}, {"3.1.8", "3.3.2", 0},
	} {
		if c.failing != 14 && *pairs != "all" {
			continue
		}
		t.Run(c.of+" by "+c.by, func(t *testing.T) {
			dir := examples(t, c.of)
			failing, n := imported(t, c.by, dir)
			blocked := blockedOf(t, c.by, dir)
			for path, why := range failing {
				assert.Contains(t, blocked, path, "Airflow says %v", why)
			}
			for path, why := range blocked {
				assert.Contains(t, failing, path, why)
			}
			t.Logf("%d files, %d fail to import, %d are blocked", n, len(failing), len(blocked))
			assert.Greater(t, n, 45)
			assert.Len(t, failing, c.failing)
		})
	}
}

// TestCheck_refusesNoExample of an Airflow that is the target. They import, as make imports-agree asks.
func TestCheck_refusesNoExample(t *testing.T) {
	for _, version := range []string{"2.11.2", "3.3.2"} {
		assert.Empty(t, blockedOf(t, version, examples(t, version)), version)
	}
}

// blockedOf is what blocks in a folder, by file.
func blockedOf(t *testing.T, airflow, dir string) map[string]string {
	blocked := map[string]string{}
	report := check(t, newChecker(t, parse.Options{Airflow: airflow, Python: "3.11"}), os.DirFS(dir))
	require.Greater(t, report.Files, 45)
	for _, f := range report.Findings {
		if f.Severity == parse.Block && blocked[f.Path] == "" {
			blocked[f.Path] = f.Message
		}
	}
	return blocked
}

// examples is where an Airflow has its example DAGs.
func examples(t *testing.T, version string) string {
	return filepath.Join(environment(t, version), "lib", "python3.11", "site-packages", "airflow", "example_dags")
}

// environment is where an Airflow is installed.
func environment(t *testing.T, version string) string {
	dir, err := filepath.Abs(filepath.Join("..", "..", ".cache", "venv", "airflow-plain-"+version))
	require.NoError(t, err)
	_, err = os.Stat(filepath.Join(dir, "bin", "python"))
	require.NoError(t, err, "run `make tools`")
	return dir
}

// imported has an Airflow import the files of a folder, and tells what failed, and how many there are. That there is no
// database is no failure.
func imported(t *testing.T, by, dir string) (failing map[string][]string, n int) {
	cmd := exec.CommandContext(t.Context(), filepath.Join(environment(t, by), "bin", "python"), "testdata/airflow/imports.py", dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	failing = map[string][]string{}
	for scan := bufio.NewScanner(bytes.NewReader(out)); scan.Scan(); n++ {
		var f struct {
			File  string
			Error []string
		}
		require.NoError(t, json.Unmarshal(scan.Bytes(), &f))
		if f.Error != nil && f.Error[0] != "OperationalError" {
			failing[f.File] = f.Error
		}
	}
	return failing, n
}
