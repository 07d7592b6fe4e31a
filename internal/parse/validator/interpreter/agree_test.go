package interpreter_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse/validator"
)

var all = flag.Bool("examples", false, "import all of Airflow's example DAGs, in both ways")

// What an import one by one, behind guards, says of Airflow's own examples is what a plain DagBag says, which imports them
// all in one process with a migrated database.
func TestImport_agreesWithADagBag(t *testing.T) {
	if !*all {
		t.Skip("make agree runs it")
	}
	for version, atLeast := range map[string]int{"2.11.2": 60, "3.3.2": 80} {
		t.Run(version, func(t *testing.T) {
			_, packages := airflow(t, version)
			dir := filepath.Join(packages, "airflow", "example_dags")
			want := plain(t, version, dir)

			dags := 0
			for path, got := range imports(t, version, dir, validator.Options{}) {
				var ids []string
				for _, d := range got.DAGs {
					ids = append(ids, d.ID)
				}
				slices.Sort(ids)
				slices.Sort(want[path].Dags)
				assert.Equal(t, want[path].Dags, ids, path)
				assert.Equal(t, want[path].Failed, len(got.Findings) > 0, "%s: %v", path, got.Findings)
				dags += len(ids)
			}
			assert.GreaterOrEqual(t, dags, atLeast)
		})
	}
}

type plainFile struct {
	Dags   []string
	Failed bool
}

func plain(t *testing.T, version, dir string) (said map[string]plainFile) {
	t.Helper()
	python, _ := airflow(t, version)
	home := t.TempDir()
	run := func(args ...string) string {
		cmd := exec.Command(python, args...)
		cmd.Env = []string{
			"AIRFLOW_HOME=" + home, "HOME=" + home, "PATH=" + os.Getenv("PATH"),
			"AIRFLOW__LOGGING__LOGGING_LEVEL=CRITICAL", "PYTHONWARNINGS=ignore",
		}
		out, err := cmd.Output()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	run("-m", "airflow", "db", "migrate")
	out := strings.TrimSpace(run(filepath.Join("testdata", "plain.py"), dir))
	require.NoError(t, json.Unmarshal([]byte(out[strings.LastIndex(out, "\n")+1:]), &said), out)
	return said
}
