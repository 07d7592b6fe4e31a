package pytest_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/pytest"
	"github.com/dagferry/dagferry/internal/secret"
)

// suite runs what a project has in tests/ (or what is named) by a Python with pytest.
func suite(t *testing.T, project string, args ...string) (r pytest.Result, said string, err error) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1") // those that Airflow brings take their time
	tests, _, err := pytest.Suites(project, nil, args)
	require.NoError(t, err)
	var out bytes.Buffer
	r, err = pytest.Run(t.Context(), pytest.Options{Project: project, Interpreter: pytestVenv(t), Output: &out}, tests)
	left, readErr := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, readErr)
	assert.Empty(t, left, "what tests leave behind")
	return r, out.String(), err
}

func TestRun_saysHowPytestEnded(t *testing.T) {
	const good = "def test_good(): pass\n"
	for name, tc := range map[string]struct {
		files map[string]string
		args  []string
		want  string // of the error
		kind  fault.Kind
		count []int // tests, failed, errors, skipped
	}{
		"passed":  {files: map[string]string{"tests/test_a.py": good + "import pytest\n@pytest.mark.skip\ndef test_no(): pass"}, count: []int{2, 0, 0, 1}},
		"failed":  {files: map[string]string{"tests/test_a.py": good + "def test_bad(): assert 1 == 2"}, want: "^pytest: 1 of 2 tests failed, the first is tests.test_a.test_bad: assert 1 == 2$", kind: fault.Rejected, count: []int{2, 1, 0, 0}},
		"setup":   {files: map[string]string{"tests/test_a.py": good + "import pytest\n@pytest.fixture\ndef f(): raise KeyError('k')\ndef test_bad(f): pass"}, want: `^pytest: 1 could not be run, the first is tests.test_a.test_bad: failed on setup with "KeyError: 'k'"$`, kind: fault.Rejected, count: []int{2, 0, 1, 0}},
		"import":  {files: map[string]string{"tests/test_a.py": good, "tests/test_b.py": "import nothing_such"}, want: "^pytest: 1 could not be run, the first is tests.test_b: ModuleNotFoundError: No module named 'nothing_such'$", kind: fault.Rejected, count: []int{0, 0, 1, 0}},
		"exit":    {files: map[string]string{"tests/test_a.py": "import pytest\ndef test_a(): pytest.exit('enough')"}, want: "(?s)the tests were interrupted.*enough", kind: fault.Rejected, count: []int{1, 0, 0, 0}},
		"crash":   {files: map[string]string{"tests/test_a.py": "import os\ndef test_a(): os.abort()"}, want: `a test or a plugin ended pytest \(signal 6\)`, kind: fault.Rejected, count: []int{0, 0, 0, 0}},
		"plugin":  {files: map[string]string{"tests/test_a.py": good, "tests/conftest.py": "def pytest_sessionfinish(session): session.exitstatus = 1"}, want: "no test failed, but pytest ended as if one had", kind: fault.Rejected, count: []int{1, 0, 0, 0}},
		"broken":  {files: map[string]string{"tests/test_a.py": good, "tests/conftest.py": "def pytest_collection_modifyitems(): 1 / 0"}, want: "(?s)exit status 3.*ZeroDivisionError", kind: fault.Denied, count: []int{1, 0, 1, 0}},
		"usage":   {files: map[string]string{"tests/test_a.py": good}, args: []string{"--nonsense"}, want: "(?s)exit status 4.*--nonsense", kind: fault.Denied, count: []int{0, 0, 0, 0}},
		"nowhere": {files: map[string]string{"dags/a.py": ""}, count: []int{0, 0, 0, 0}},
		"none":    {files: map[string]string{"tests/__init__.py": ""}, count: []int{0, 0, 0, 0}},
		"unseen":  {files: map[string]string{"tests/test_a.py": good}, args: []string{"-k", "other"}, want: "pytest found no test, though there is tests/test_a.py", kind: fault.Rejected, count: []int{0, 0, 0, 0}},
		"hostile": {files: map[string]string{"tests/test_a.py": "import pytest\n@pytest.mark.parametrize('x', ['\\x1b[2J\\n]]>'])\ndef test_a(x): raise ValueError('\\x1b[31m::error::\\u202e')"}, want: `^pytest: 1 of 1 tests failed, the first is tests\.test_a\.test_a\[[^\x00-\x1f]*\]: ValueError: [^\x00-\x1f]*$`, kind: fault.Rejected, count: []int{1, 1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			r, _, err := suite(t, write(t, t.TempDir(), tc.files), tc.args...)
			assert.Equal(t, tc.count, []int{r.Tests, r.Failed, r.Errors, r.Skipped})
			assert.Equal(t, name == "nowhere" || name == "none", r.Note != "", r.Note)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Regexp(t, tc.want, err.Error())
			assert.Equal(t, tc.kind, fault.Of(err))
			assert.Equal(t, err.Error(), r.Problem)
		})
	}
}

func TestRun_aProjectWithAnAirflow(t *testing.T) {
	t.Setenv("ASTRO_API_TOKEN", "Bearer 123token456")
	t.Setenv("OTHER", "kept")
	t.Setenv("PYTHONDONTWRITEBYTECODE", "")
	project := write(t, filepath.Join(t.TempDir(), "a project [x]"), map[string]string{
		"dags/etl.py":      "from airflow import DAG\nfrom include.names import NAME\nwith DAG(NAME, schedule=None): pass",
		"include/names.py": "NAME = 'etl'",
		"pytest.ini":       "[pytest]\naddopts = -rA --strict-markers\nmarkers = slow: of ours\n",
		"tests/test_a.py": `
import os, pytest
from airflow.dag_processing.dagbag import DagBag
@pytest.mark.slow
def test_bag():
    bag = DagBag()
    assert list(bag.dags) == ["etl"] and not bag.import_errors
def test_environment():
    assert "ASTRO_API_TOKEN" not in os.environ and os.environ["OTHER"] == "kept" and os.environ["GIVEN"] == "yes"
def test_airflow(): # 3.3 writes no configuration, and its DagBag has no examples; others do, and have
    assert os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False" and os.environ["AIRFLOW_HOME"] == os.getcwd()
    assert not os.environ["AIRFLOW_CONFIG"].startswith(os.getcwd())
`,
		// As astro dev init wrote it before Airflow 3.3, in short.
		".astro/test_dag_integrity_default.py": "from airflow.dag_processing.dagbag import DagBag\nerrors = DagBag(include_examples=False).import_errors\ndef test_all(): assert not errors",
	})
	o := pytest.Options{
		Project: project, Interpreter: pytestVenv(t), Environment: map[string]string{"GIVEN": "yes"}, Hide: []secret.Value{secret.NewValue("123token456"), {}},
	}
	tests, own, err := pytest.Suites(project, nil, nil)
	require.NoError(t, err)
	r, err := pytest.Run(t.Context(), o, tests)
	require.NoError(t, err)
	assert.Equal(t, 3, r.Tests)

	_, err = pytest.Run(t.Context(), o, own)
	require.ErrorContains(t, err, "own parse tests: 1 could not be run")
	require.ErrorContains(t, err, "Airflow 3.3 and later have no DagBag(include_examples=…)")
	assert.Equal(t, fault.Rejected, fault.Of(err))

	answer, err := validator.Import(t.Context(), pytest.Importer(o), os.DirFS(filepath.Join(project, "dags")), []string{"etl.py"}, validator.Options{})
	require.NoError(t, err)
	assert.Equal(t, "3.3.2", answer.Airflow)
	assert.Empty(t, answer.Files[0].Findings)
	assert.Equal(t, "etl", answer.Files[0].DAGs[0].ID)

	var left []string
	require.NoError(t, filepath.WalkDir(project, func(path string, entry os.DirEntry, err error) error {
		if strings.Contains(path, "cache") || strings.HasSuffix(path, ".cfg") || strings.HasSuffix(path, ".db") || entry.Name() == "logs" {
			left = append(left, path)
		}
		return err
	}))
	assert.Empty(t, left, "what is left in the project")
}

func TestLook_placesThatDoNotWork(t *testing.T) {
	project := t.TempDir()
	for interpreter, want := range map[string]string{"/no/python": "no such file", "/bin/false": "exit status 1", "/bin/true": "it ended without an answer"} {
		_, err := pytest.Look(t.Context(), pytest.Options{Project: project, Interpreter: interpreter})
		require.ErrorContains(t, err, want)
		assert.Equal(t, fault.Denied, fault.Of(err))
	}
}

func TestRun_withoutPytest(t *testing.T) {
	project := write(t, t.TempDir(), map[string]string{"tests/test_a.py": ""})
	python, err := filepath.Abs("../../.cache/venv/airflow-plain-3.3.2/bin/python")
	require.NoError(t, err)
	o := pytest.Options{Project: project, Interpreter: python}
	versions, err := pytest.Look(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, []string{"3.3", "3.11", ""}, []string{versions.AirflowMinor(), versions.PythonMinor(), versions.Pytest})
	_, err = pytest.Run(t.Context(), o, pytest.Suite{Name: "pytest", Paths: []string{"tests"}})
	require.ErrorContains(t, err, python+" -m pip install pytest")
	assert.Equal(t, fault.Denied, fault.Of(err))
}

func TestRun_endsWithItsContext(t *testing.T) {
	project := write(t, t.TempDir(), map[string]string{"tests/test_a.py": "import pathlib, time\ndef test_a():\n    pathlib.Path('begun').touch()\n    time.sleep(600)\n"})
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := pytest.Run(ctx, pytest.Options{Project: project, Interpreter: pytestVenv(t)}, pytest.Suite{Name: "pytest", Paths: []string{"tests"}})
		ended <- err
	}()
	require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(project, "begun")); return err == nil }, time.Minute, 20*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestSuites_staysInTheProject(t *testing.T) {
	project := write(t, t.TempDir(), map[string]string{"tests/test_a.py": "", "qa/test_b.py": ""})
	for _, name := range []string{"../x", "/etc", "-x", "missing"} {
		_, _, err := pytest.Suites(project, []string{name}, nil)
		require.Error(t, err, name)
		assert.Equal(t, fault.Rejected, fault.Of(err))
	}
	tests, own, err := pytest.Suites(project, []string{"./qa/test_b.py"}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"qa/test_b.py"}, tests.Paths)
	assert.Empty(t, own.Paths)
}
