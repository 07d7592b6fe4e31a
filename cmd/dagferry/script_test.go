package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

func TestMain(m *testing.M) { testscript.Main(allTests{m}, map[string]func(){"dagferry": main}) }

// allTests are this package's.
type allTests struct{ *testing.M }

// builtPath is where build puts what it makes.
var builtPath string

func (a allTests) Run() int {
	dir, err := os.MkdirTemp("", "dagferry-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	builtPath = filepath.Join(dir, "dagferry")
	return a.M.Run()
}

// build makes the program once, as go build does: linking it takes seconds.
var build = sync.OnceValues(func() ([]byte, error) { return exec.Command("go", "build", "-o", builtPath, ".").CombinedOutput() })

// built is the program, as people have it.
func built(t *testing.T) string {
	t.Helper()
	out, err := build()
	require.NoError(t, err, "%s", out)
	return builtPath
}

// Each script is a scenario with its files. ASTRO_API_URL leads to a simulator of its own; "exits N command…" expects
// an exit code; "deploys" makes a deploy of a commit; python3 is the interpreter that DAGs are checked with, $PYTEST one that has pytest;
// $ACTION is the script of the GitHub action, $n a newline.
func TestScripts(t *testing.T) {
	p := params(t)
	p.Dir = "testdata/script"
	testscript.Run(t, p)
}

func params(t *testing.T) testscript.Params {
	t.Helper()
	python, err := embedded.Interpreter()
	require.NoError(t, err)
	withPytest := filepath.Join(checkout(t), ".cache", "venv", "pytest", "bin", "python")
	require.FileExists(t, withPytest, "run `make tools`")
	scripts := filepath.Join(checkout(t), "templates")
	for _, name := range []string{"action.sh", "install.sh"} { // looked at here, so that the test runs anew when one changes
		require.FileExists(t, filepath.Join(scripts, name))
	}
	return testscript.Params{
		Setup: func(e *testscript.Env) error {
			sim := astrotest.Start(setup{e}, astrotest.Options{})
			e.Setenv("ASTRO_API_URL", sim.URL())
			e.Setenv("ASTRO_API_TOKEN", sim.Token(astrotest.TokenOptions{}))
			e.Setenv("DAGFERRY_PYTHON", python)
			e.Setenv("PYTEST", withPytest)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("n", "\n")
			e.Setenv("DAGFERRY_VERSION", ownVersion())
			e.Setenv("ACTION", filepath.Join(scripts, "action.sh"))
			return expand(e.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "deploys": deploys},
	}
}

// expand writes the script's folder for $WORK in configurations, which name whole paths.
func expand(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	for _, path := range paths {
		text, readErr := os.ReadFile(path)
		err = errors.Join(err, readErr, os.WriteFile(path, bytes.ReplaceAll(text, []byte("/$WORK"), []byte(dir)), 0o600))
	}
	return err
}

// setup lets a simulator end with its script.
type setup struct{ *testscript.Env }

func (s setup) Cleanup(f func())               { s.Defer(f) }
func (s setup) Helper()                        {}
func (s setup) Fatalf(format string, a ...any) { s.T().Fatal(append([]any{format}, a...)...) }

// exits runs a command and compares its exit code; stdout and stderr can be looked at as after exec.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// checkout is the root of this checkout.
func checkout(t *testing.T) string {
	t.Helper()
	here, err := os.Getwd()
	require.NoError(t, err)
	return filepath.Join(here, "..", "..")
}
