package interpreter_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/parse/validator/interpreter"
)

// airflow is an interpreter with all of an Airflow, and its folder of packages.
func airflow(t *testing.T, version string) (python, packages string) {
	t.Helper()
	venv, err := filepath.Abs(filepath.Join("..", "..", "..", "..", ".cache", "venv", "airflow-plain-"+version))
	require.NoError(t, err)
	python = filepath.Join(venv, "bin", "python")
	_, err = os.Stat(python)
	require.NoError(t, err, "run `make tools`")
	found, err := filepath.Glob(filepath.Join(venv, "lib", "python3.*", "site-packages"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	return python, found[0]
}

// imports asks a real Airflow about all Python files of a folder.
func imports(t *testing.T, version, dir string, o validator.Options) map[string]validator.File {
	t.Helper()
	python, _ := airflow(t, version)
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	files, err := filepath.Glob(filepath.Join(dir, "*.py"))
	require.NoError(t, err)
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	answer, err := validator.Import(ctx, interpreter.Interpreter{Path: python}, os.DirFS(dir), files, o)
	require.NoError(t, err)
	require.Equal(t, version, answer.Airflow)
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left, "what an import leaves behind")
	byPath := map[string]validator.File{}
	for _, f := range answer.Files {
		byPath[f.Path] = f
	}
	return byPath
}

// write makes files of a txtar's, or of a map's, in a folder of the test's.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// processesIn are the command lines of this machine's processes that have a text.
func processesIn(t *testing.T, text string) (found []string) {
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte(text)) {
			found = append(found, string(line))
		}
	}
	return found
}
