package pytest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/local/engine"
	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/pytest"
)

// The image has the Python of this machine, without an Airflow, which would take a minute: that DAGs are imported by one, the tests with an
// interpreter show. Docker runs containers in the tests of package image.
func TestRun_inAContainer(t *testing.T) {
	e := engine.Start(t, "buildah")
	e.Use(t)
	t.Setenv("ASTRO_API_TOKEN", "a token of ours")
	project := t.TempDir()
	pythonRoot(t, filepath.Join(project, "root"))
	i := built(t, write(t, project, map[string]string{
		"Dockerfile":                              "FROM scratch\nCOPY root /\nWORKDIR /usr/local/airflow\nENV PATH=" + binaries(t) + " STAGE=image\n",
		"root/usr/local/airflow/dags/old.py":      "",
		"root/usr/local/airflow/include/names.py": "NAME = 'image'",
	}))
	write(t, project, map[string]string{
		"include/names.py": "NAME = 'project'", "dags/new\xff.py": "", "dags/sub/__pycache__/x.pyc": "",
		"tests/test_here.py": hereTests, "pytest.ini": "[pytest]\nxfail_strict = true\n",
	})
	require.NoError(t, os.Symlink("new\xff.py", filepath.Join(project, "dags", "link.py")))
	place := pytest.Options{Project: project, Image: i, Environment: map[string]string{"GIVEN": "it's \"given\""}}
	t.Run("tests find the project's files and the image's", func(t *testing.T) { passes(t, place) })
	t.Run("what fails is told", func(t *testing.T) { failsInside(t, place, project) })
	t.Run("the validator's program runs", func(t *testing.T) { importsInside(t, place) })
}

const hereTests = `
import os
from include.names import NAME
def test_files():
    assert NAME == "image"
    assert sorted(os.listdir(b"dags")) == [b"link.py", b"new\xff.py", b"sub"], os.listdir("dags")
    assert os.readlink(b"dags/link.py") == b"new\xff.py" and os.listdir("dags/sub") == []
    assert os.getcwd() == "/usr/local/airflow"
def test_environment(pytestconfig):
    assert os.environ["STAGE"] == "image" and os.environ["GIVEN"] == 'it\'s "given"'
    assert "ASTRO_API_TOKEN" not in os.environ and "a token of ours" not in str(os.environ)
    assert str(pytestconfig.rootpath) == os.getcwd() and pytestconfig.getini("xfail_strict")
`

func passes(t *testing.T, place pytest.Options) {
	versions, err := pytest.Look(t.Context(), place)
	require.NoError(t, err)
	assert.Equal(t, "3.11", versions.PythonMinor())
	assert.NotEmpty(t, versions.Pytest)
	assert.Empty(t, versions.Airflow)
	var said bytes.Buffer
	place.Output = &said
	r, err := pytest.Run(t.Context(), place, pytest.Suite{Name: "pytest", Paths: []string{"tests"}})
	require.NoError(t, err, said.String())
	assert.Equal(t, []int{2, 0, 0}, []int{r.Tests, r.Failed, r.Errors})
	assert.Contains(t, said.String(), "2 passed")
}

func failsInside(t *testing.T, place pytest.Options, project string) {
	write(t, project, map[string]string{"other/test_fails.py": "def test_a(): assert 0, 'because'\ndef test_b(): pass"})
	r, err := pytest.Run(t.Context(), place, pytest.Suite{Name: "pytest", Paths: []string{"other"}, Args: []string{"-k", "test_a", "--deselect=$(x) 'y'"}})
	require.ErrorContains(t, err, "pytest: 1 of 1 tests failed, the first is other.test_fails.test_a: AssertionError: because")
	assert.Equal(t, fault.Rejected, fault.Of(err))
	assert.Equal(t, 1, r.Failed)
}

func importsInside(t *testing.T, place pytest.Options) {
	_, err := validator.Import(t.Context(), pytest.Importer(place), fstest.MapFS{"a.py": {}}, []string{"a.py"}, validator.Options{})
	require.ErrorContains(t, err, "Airflow cannot be imported by ")
	require.ErrorContains(t, err, "No module named 'airflow'")
}

func TestRun_imageWithoutPython(t *testing.T) {
	e := engine.Start(t, "buildah")
	e.Use(t)
	project := t.TempDir()
	i := built(t, write(t, project, map[string]string{"Dockerfile": "FROM " + e.Runtime(t, "3.1-12"), "tests/test_a.py": "", "tests/large": strings.Repeat("x", 1<<20)}))
	_, err := pytest.Run(t.Context(), pytest.Options{Project: project, Image: i}, pytest.Suite{Name: "pytest", Paths: []string{"tests"}})
	require.ErrorContains(t, err, "The image needs a program python")
	assert.Equal(t, fault.Denied, fault.Of(err))
}

func built(t *testing.T, project string) *image.Image {
	t.Helper()
	var said bytes.Buffer
	i, err := image.Build(t.Context(), image.Options{Project: project, Builder: "buildah", TempDir: t.TempDir(), Output: &said})
	require.NoError(t, err, said.String())
	t.Cleanup(func() { assert.NoError(t, i.Close()) })
	return i
}

// pythonRoot makes the root of an image of the Python of this machine, its libraries, and pytest, all where they are here.
func pythonRoot(t *testing.T, root string) {
	t.Helper()
	cmd := exec.Command(pytestVenv(t), "testdata/root.py", root)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Run())
}

// binaries is where that image has python.
func binaries(t *testing.T) string {
	t.Helper()
	out, err := exec.Command(pytestVenv(t), "-c", "import os, sys; print(os.path.dirname(os.path.realpath(sys.executable)), end='')").Output()
	require.NoError(t, err)
	return string(out)
}

// pytestVenv is a Python with pytest and Airflow 3.3.2.
func pytestVenv(t *testing.T) string {
	t.Helper()
	python, err := filepath.Abs("../../.cache/venv/pytest/bin/python")
	require.NoError(t, err)
	_, err = os.Stat(filepath.Join(filepath.Dir(python), "..", "installed"))
	require.NoError(t, err, "run `make tools`")
	return python
}

func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}
