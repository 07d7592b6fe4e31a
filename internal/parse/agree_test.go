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

var pairs = flag.String("pairs", "few", "the versions whose example DAGs are really imported: few, or all (make imports-agree)")

// TestCheck_agreesWithImports imports Airflow's example DAGs by their own version and by a later one. What fails there,
// and nothing else, has to block: so the rules find what a migration breaks, and refuse no DAG that works.
func TestCheck_agreesWithImports(t *testing.T) {
	for _, c := range []struct {
		of, by string
		broken int
		few    bool
	}{
		{"2.11.2", "3.3.2", 14, true},
		{"3.3.2", "3.3.2", 0, true},
		{"2.11.2", "2.11.2", 0, true},
		{"2.7.3", "2.11.2", 0, false},
		{"2.7.3", "3.3.2", -1, false},
		{"3.1.8", "3.3.2", 0, false},
	} {
		if !c.few && *pairs != "all" {
			continue
		}
		t.Run(c.of+" by "+c.by, func(t *testing.T) {
			dir := filepath.Join(environment(t, c.of), "lib/python3.11/site-packages/airflow/example_dags")
			failing, n := imported(t, c.by, dir)
			blocked := map[string]string{}
			report := check(t, newChecker(t, parse.Options{Airflow: c.by, Python: "3.11"}), os.DirFS(dir))
			for _, f := range report.Findings {
				if f.Severity == parse.Block && blocked[f.Path] == "" {
					blocked[f.Path] = f.Message
				}
			}
			for path, why := range failing {
				assert.Contains(t, blocked, path, "Airflow says %v", why)
			}
			for path, why := range blocked {
				assert.Contains(t, failing, path, why)
			}
			t.Logf("%d files, %d fail to import, %d are blocked", n, len(failing), len(blocked))
			assert.Greater(t, n, 45)
			if c.broken >= 0 {
				assert.Len(t, failing, c.broken)
			}
		})
	}
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
