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
	python := filepath.Join(checkout(t), ".cache", "venv", "airflow-plain-3.3.2", "bin", "python")
	_, err := os.Stat(python)
	require.NoError(t, err, "run `make tools`")
	project := t.TempDir()
	for name, text := range map[string]string{
		"dags/good.py":                        "from airflow import DAG\nimport os\nwith DAG(os.environ['NAME'], schedule=None): pass",
		"dags/bad.py":                         "from airflow import DAG\nint('no number')",
		"dags/refused.py":                     "from airflow import DAG\nDAG('x', schedule_interval=None)",
		"dags/excluded.py":                    "from airflow import DAG\nraise ValueError('of little interest')",
		"dags/excepted.py":                    "from airflow import DAG\nraise ValueError",
		"dags/twice.py":                       "from airflow import DAG\nwith DAG('good', schedule=None): pass",
		".astro/dag_integrity_exceptions.txt": "# Add dag files to exempt from parse test below.\ndags/excepted.py\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(project, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(project, name), []byte(text), 0o600))
	}
	dags := filepath.Join(project, "dags")
	flags := []string{"--level", "import", "--interpreter", python, "--env", "NAME=good", "--airflow", "3.3", "--exclude", "excluded.py"}
	got, code := check(t, append([]string{dags}, flags...)...)
	assert.Equal(t, 3, code)
	want := [][]any{
		{"bad.py", "DF501", "block", "int('no number')"}, {"excluded.py", "DF501", "warn", "raise ValueError('of little interest')"},
		{"refused.py", "DF306", "block", "DAG('x', schedule_interval=None)"}, {"twice.py", "DF505", "block", ""},
	}
	require.Len(t, got.Findings, len(want), "%v", got.Findings)
	for i, f := range got.Findings {
		assert.Equal(t, want[i], []any{filepath.Base(f.Path), f.Rule, f.Severity, f.Source})
	}

	got, code = check(t, append(append([]string{dags}, flags...), "--rule", "DF501=warn", "--rule", "DF505=ignore", "--rule", "DF306=ignore")...)
	assert.Equal(t, 0, code)
	assert.Len(t, got.Findings, 3, "%v", got.Findings) // what the static rules let pass is imported
}
