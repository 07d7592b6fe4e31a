package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A person's own virtual environment imports the DAGs of an Astro project.
func TestCheck_importsByAnInterpreter(t *testing.T) {
	python := filepath.Join(checkout(t), ".cache", "venv", "airflow-full-3.3.2", "bin", "python")
	_, err := os.Stat(python)
	require.NoError(t, err, "run `make tools`")
	project := t.TempDir()
	for name, text := range map[string]string{
		"dags/good.py":                        "from airflow import DAG\nimport os\nwith DAG(os.environ['NAME'], schedule=None): pass",
		"dags/bad.py":                         "from airflow import DAG\nDAG('x', schedule_interval=None)",
		"dags/excepted.py":                    "from airflow import DAG\nraise ValueError",
		"dags/twice.py":                       "from airflow import DAG\nwith DAG('good', schedule=None): pass",
		".astro/dag_integrity_exceptions.txt": "# Add dag files to exempt from parse test below.\ndags/excepted.py\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(project, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(project, name), []byte(text), 0o600))
	}
	got, code := check(t, filepath.Join(project, "dags"), "--level", "import", "--interpreter", python, "--env", "NAME=good", "--airflow", "3.3")
	assert.Equal(t, 3, code)
	require.Len(t, got.Findings, 2, "%v", got.Findings)
	assert.Equal(t, "bad.py", got.Findings[0].Path)
	assert.Equal(t, "DF501", got.Findings[0].Rule)
	assert.Equal(t, 2, got.Findings[0].Line)
	assert.Equal(t, "twice.py", got.Findings[1].Path)
	assert.Equal(t, "DF505", got.Findings[1].Rule)
}
