package interpreter_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/dagferry/dagferry/internal/parse/validator"
)

// Only where the kernel's guards are may such files be run at all: some of them would end all of this user's processes.
//
// Every hostile file is a finding on that file, the good ones between them are imported all the same, and nothing leaks.
func TestImport_hostileFilesHarmNobody(t *testing.T) {
	const secret = "token-of-the-parent"
	t.Setenv("ASTRO_API_TOKEN", secret)
	t.Setenv("PYTHONPATH", "")
	listener := listen(t)
	archive, err := txtar.ParseFile(filepath.Join("testdata", "hostile.txtar"))
	require.NoError(t, err)
	files := map[string]string{}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	for _, f := range archive.Files {
		files[f.Name] = strings.ReplaceAll(string(f.Data), "PORT", port)
	}
	dir := write(t, files)
	before := packagesState(t)

	got := imports(t, "3.3.2", dir, validator.Options{Timeout: 2 * time.Second})

	require.Len(t, got, len(files))
	for name, text := range files {
		expect(t, got[name], text)
	}
	said, err := json.Marshal(got)
	require.NoError(t, err)
	// A traceback has the source lines of the file that asks, but never what it asks for.
	assert.NotContains(t, string(said), secret)
	assert.Equal(t, before, packagesState(t), "the interpreter's files")
	assert.Empty(t, listener.calls, "connections")
	assert.Empty(t, processesIn(t, os.Getenv("TMPDIR")), "processes that are left")
}

// expect compares with a file's first line: a rule, a line, and what the message matches.
func expect(t *testing.T, got validator.File, text string) {
	t.Helper()
	first, _, _ := strings.Cut(text, "\n")
	want, hostile := strings.CutPrefix(first, "# ")
	if !hostile {
		assert.Empty(t, got.Findings, got.Path)
		assert.Len(t, got.DAGs, 1, got.Path)
		return
	}
	var said []string
	for _, f := range got.Findings {
		said = append(said, f.Rule+" "+strconv.Itoa(f.Line)+": "+f.Message)
	}
	if assert.NotEmpty(t, said, got.Path) {
		place, message, _ := strings.Cut(want, ": ")
		assert.Regexp(t, "^"+place+": .*"+message, said[0], got.Path)
	}
	assert.Empty(t, got.DAGs, got.Path)
}

// listening accepts connections, and remembers them.
type listening struct {
	net.Listener
	calls chan string
}

func listen(t *testing.T) listening {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := listening{inner, make(chan string, 100)}
	t.Cleanup(func() { _ = inner.Close() })
	go func() {
		for {
			c, err := inner.Accept()
			if err != nil {
				return
			}
			l.calls <- c.RemoteAddr().String()
			_ = c.Close()
		}
	}()
	return l
}

// packagesState is what there is of Airflow's topmost files.
func packagesState(t *testing.T) map[string]string {
	_, packages := airflow(t, "3.3.2")
	entries, err := os.ReadDir(filepath.Join(packages, "airflow"))
	require.NoError(t, err)
	state := map[string]string{}
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		state[e.Name()] = info.Mode().String() + info.ModTime().String() + strconv.FormatInt(info.Size(), 10)
	}
	delete(state, "__pycache__")
	return state
}
