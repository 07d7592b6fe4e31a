package interpreter_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/parse/validator/interpreter"
)

const etl = `
from datetime import datetime
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from common.names import NAME
with DAG(NAME, schedule="@daily", start_date=datetime(2026, 1, 1)):
    EmptyOperator(task_id="first") >> [EmptyOperator(task_id="a"), EmptyOperator(task_id="b")]
`

var ordinary = map[string]string{
	"etl.py":          etl,
	"common/names.py": `NAME = "etl"`,
	"broken.py":       "from airflow import DAG\nDAG('x y', schedule=None)",
	"helped.py":       "from airflow import DAG\nimport common.broken",
	"common/broken.py": `def fails():
    raise ValueError("first line\n    second line")
fails()`,
	"cycle.py": `
from airflow import DAG
from airflow.operators.empty import EmptyOperator
with DAG("cycle", schedule=None):
    a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
    a >> b >> a`,
	"leaves.py":   "import sys  # a DAG of Airflow's\nsys.exit('bye')",
	"probing.py":  "import ctypes.util, platform, tempfile, uuid  # a DAG of Airflow's\nctypes.util.find_library('c')\nuuid.getnode()\ntempfile.TemporaryFile().write(b'x')",
	"data.py":     "import pathlib  # a DAG of Airflow's\nassert (pathlib.Path(__file__).parent / 'common/names.py').read_text()",
	"threads.py":  "import threading  # a DAG of Airflow's\nt = threading.Thread(target=print)\nt.start()\nt.join()",
	"settings.py": "import airflow.configuration as c, os  # a DAG\nassert c.conf.get('core', 'dags_folder') == os.path.dirname(__file__)",
}

var asking = map[string]string{
	"variable.py":   "from airflow.models import Variable  # a DAG\nassert Variable.get('x') == 'NON_DEFAULT_MOCKED_VARIABLE_VALUE', Variable.get('x')",
	"default.py":    "from airflow.models import Variable  # a DAG\nassert Variable.get('x', default_var=3) == 3",
	"json.py":       "from airflow.models import Variable  # a DAG\nassert Variable.get('x', deserialize_json=True)['k'] == 'MOCKED_KEY_VALUE'",
	"connection.py": "from airflow.hooks.base import BaseHook  # a DAG\nassert BaseHook.get_connection('db').host is None",
	"getenv.py":     "import os  # a DAG of Airflow's\nassert os.getenv('PLACE') == 'MOCKED_PLACE_VALUE', os.getenv('PLACE')",
	"environ.py":    "import os  # a DAG of Airflow's\nos.environ['PLACE']",
	"given.py": `import os  # a DAG
from airflow.models import Variable
from airflow.hooks.base import BaseHook
assert os.environ["STAGE"] == os.getenv("STAGE") == "test"
assert Variable.get("given") == "v", Variable.get("given")
assert BaseHook.get_connection("given").host == "db.example.com"`,
}

// given is what an operator may write under check.environment.
var given = map[string]string{"STAGE": "test", "AIRFLOW_VAR_GIVEN": "v", "AIRFLOW_CONN_GIVEN": "postgres://db.example.com/x"}

func TestImport_tellsDAGsAndErrorsWithMocks(t *testing.T) {
	files := maps.Clone(ordinary)
	maps.Copy(files, asking)
	dir := write(t, files)
	for _, version := range []string{"2.11.2", "3.3.2"} {
		t.Run(version, func(t *testing.T) {
			got := imports(t, version, dir, validator.Options{Environment: given})
			assert.Equal(t, []validator.DAG{{
				ID: "etl", Schedule: "@daily", Tasks: []string{"first", "a", "b"}, Edges: [][2]string{{"first", "a"}, {"first", "b"}},
			}}, got["etl.py"].DAGs)
			want := map[string]string{
				"broken.py": "DF501 2 .*'?x y'?.*", "helped.py": `DF501 2 ValueError: first line \(common/broken.py:2\)`,
				"cycle.py": "DF501 0 .*Cycle.*", "leaves.py": "DF501 2 SystemExit: bye", "environ.py": "DF501 2 KeyError: 'PLACE'",
			}
			for name := range got {
				assert.Regexp(t, "^"+want[name]+"$", one(got[name]), name)
			}
		})
	}
}

func TestImport_strictHasNoMocks(t *testing.T) {
	dir := write(t, asking)
	for _, version := range []string{"2.11.2", "3.3.2"} {
		t.Run(version, func(t *testing.T) {
			got := imports(t, version, dir, validator.Options{Environment: given, Strict: true})
			assert.Regexp(t, "DF501 2 .*(KeyError|VARIABLE_NOT_FOUND)", one(got["variable.py"]))
			assert.Regexp(t, "DF501 2 .*NotFound", one(got["connection.py"]))
			assert.Regexp(t, "DF501 2 AssertionError", one(got["getenv.py"]))
			for _, name := range []string{"default.py", "given.py"} {
				assert.Empty(t, got[name].Findings, name)
			}
		})
	}
}

func one(f validator.File) string {
	text := ""
	for _, found := range f.Findings {
		text += found.Rule + " " + string(rune('0'+found.Line)) + " " + found.Message
	}
	return text
}

func TestImport_interpreterWithoutAirflowIsUnavailable(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := write(t, map[string]string{"a.py": "import airflow"})
	for python, want := range map[string]string{
		"python3": "Airflow cannot be imported", "/bin/false": "exit status 1", filepath.Join(dir, "a.py"): "permission denied", "/no/python": "no such file",
	} {
		_, err := validator.Import(t.Context(), interpreter.Interpreter{Path: python}, os.DirFS(dir), []string{"a.py"}, validator.Options{})
		var unavailable *validator.UnavailableError
		require.ErrorAs(t, err, &unavailable)
		assert.ErrorContains(t, err, want)
	}
	assert.Empty(t, entries(t, os.Getenv("TMPDIR")))
}

func TestImport_endsWithItsContext(t *testing.T) {
	python, _ := airflow(t, "3.3.2")
	t.Setenv("TMPDIR", t.TempDir())
	dir := write(t, map[string]string{"a.py": "import airflow, time  # a DAG\nopen('begun', 'w').close()\ntime.sleep(600)"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() {
		_, err := validator.Import(ctx, interpreter.Interpreter{Path: python}, os.DirFS(dir), []string{"a.py"}, validator.Options{Timeout: time.Hour})
		ended <- err
	}()
	require.Eventually(t, func() bool {
		begun, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "dagferry-bundle-*", "scratch", "begun"))
		return len(begun) == 1
	}, time.Minute, 20*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	assert.Eventually(t, func() bool { return len(processesIn(t, os.Getenv("TMPDIR"))) == 0 }, 20*time.Second, 20*time.Millisecond)
	assert.Empty(t, entries(t, os.Getenv("TMPDIR")))
}

func entries(t *testing.T, dir string) []os.DirEntry {
	found, err := os.ReadDir(dir)
	require.NoError(t, err)
	return found
}
