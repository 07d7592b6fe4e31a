package validator_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local"
	client "github.com/dagferry/dagferry/internal/parse/validator"
)

// credential is in the environment of the process that takes requests, as a platform's credentials are.
const credential = "credential-of-the-platform"

// tree has a DAG, and a file that looks for the secret in all processes that it can reach.
func tree() fstest.MapFS {
	return fstest.MapFS{
		"dag.py": {Data: []byte("from airflow import DAG\nwith DAG('found', schedule=None): pass\n")},
		"thief.py": {Data: []byte(`import ctypes, os  # a DAG of Airflow's
libc, text, found = ctypes.CDLL(None), ctypes.create_string_buffer(100_000), [repr(dict(os.environ)).encode()]
for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
    for what in ("environ", "cmdline"):
        fd = libc.open(("/proc/%s/%s" % (pid, what)).encode(), 0)
        size = libc.read(fd, text, 100_000)
        found += [text.raw[:max(size, 0)]]
raise ValueError("of %d: %r" % (len(found), [f for f in found if b"cred" b"ential-of" in f]))
`)},
	}
}

// judged checks what has to be found in tree.
func judged(t *testing.T, a client.Answer) {
	t.Helper()
	assert.Equal(t, "3.3.2", a.Airflow)
	require.Len(t, a.Files, 2)
	assert.Empty(t, a.Files[0].Findings)
	require.Len(t, a.Files[0].DAGs, 1)
	assert.Equal(t, "found", a.Files[0].DAGs[0].ID)
	require.Len(t, a.Files[1].Findings, 1)
	assert.Regexp(t, `^ValueError: of \d{2,}: \[\]$`, a.Files[1].Findings[0].Message)
}

func files() []string { return []string{"dag.py", "thief.py"} }

func python(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", ".cache", "venv", "airflow-plain-3.3.2", "bin", "python"))
	require.NoError(t, err)
	_, err = os.Stat(path)
	require.NoError(t, err, "run `make tools`")
	return path
}

// here is the folder that has the package. Its files are looked at so that a result which go test has kept is of these files.
func here(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	files, err := filepath.Glob("dagferry_validator/*.py")
	require.NoError(t, err)
	for _, file := range files {
		_, err := os.Stat(file)
		require.NoError(t, err)
	}
	return dir
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// serve runs the container's own command until the test ends, and returns its address.
func serve(t *testing.T, more ...string) string {
	t.Helper()
	port := freePort(t)
	env := []string{"PORT=" + port, "PYTHONPATH=" + here(t), "PYTHONDONTWRITEBYTECODE=1", "AWS_SECRET_ACCESS_KEY=" + credential}
	server, err := local.Run(append(env, more...), python(t), "-m", "dagferry_validator", "serve")
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	url := "http://127.0.0.1:" + port
	ready, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, server.Ready(ready, func(context.Context) error {
		answer, err := http.Get(url)
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}))
	return url
}
