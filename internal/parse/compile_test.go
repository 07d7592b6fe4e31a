package parse_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
)

// compiles has an interpreter compile each file of a folder, and prints the names of those that it refuses.
const compiles = `
import os, sys, warnings
warnings.simplefilter("ignore")
root = sys.argv[1]
for folder, _, names in os.walk(root):
    for name in names:
        path = os.path.join(folder, name)
        with open(path, "rb") as f:
            data = f.read()
        try:
            compile(data, "<dag>", "exec", 0, True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, UnicodeError):
            print(os.path.relpath(path, root).replace(os.sep, "/"))
`

// TestCheck_agreesWithCompile holds verdicts to the compile() of the same interpreter: of the standard library and its
// files with bad syntax, of Airflow's example DAGs, and of those with one token changed.
func TestCheck_agreesWithCompile(t *testing.T) {
	pythons := map[string]string{"3.14": interpreter(t)}
	older, err := exec.Command("python3.11", "-c", "import sys; print(sys.executable)").Output() // not a shim
	require.NoError(t, err, "make tools wants Python 3.11, too")
	pythons["3.11"] = strings.TrimSpace(string(older))
	for version, python := range pythons {
		t.Run(version, func(t *testing.T) {
			dir := t.TempDir()
			n := corpus(t, python, dir)
			out, err := exec.CommandContext(t.Context(), python, "-I", "-B", "-c", compiles, dir).Output()
			require.NoError(t, err)
			refused := map[string]bool{}
			for name := range strings.Lines(string(out)) {
				refused[strings.TrimSpace(name)] = true
			}
			ours := map[string]bool{}
			report := check(t, newChecker(t, parse.Options{Interpreter: python, Level: parse.LevelSyntax}), os.DirFS(dir))
			for _, f := range report.Findings {
				ours[f.Path] = true
			}
			t.Logf("Python %s: %d files, %d refused", version, n, len(refused))
			assert.Equal(t, n, report.Files)
			assert.Greater(t, len(refused), 300)
			assert.Equal(t, refused, ours)
		})
	}
}

// corpus writes Python files to a folder, each of its own name.
func corpus(t *testing.T, python, dir string) int {
	lib := libraryOf(t, python)
	n := 0
	add := func(data []byte) {
		path := filepath.Join(dir, fmt.Sprintf("%d", n/500), fmt.Sprintf("f%05d.py", n))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, data, 0o600))
		n++
	}
	for _, pattern := range []string{"*.py", "asyncio/*.py", "test/badsyntax*.py", "test/bad_coding*.py", "test/*/bad*.py", "test/test_f*.py", "test/test_g*.py"} {
		for _, data := range contents(t, os.DirFS(lib), pattern) {
			add(data)
		}
	}
	r := rand.New(rand.NewPCG(3, 14))
	for _, version := range []string{"2.11.2", "3.3.2"} {
		for _, data := range contents(t, os.DirFS(examples(t, version)), "*.py") {
			add(data)
			for range 12 {
				add(mutant(r, data))
			}
		}
	}
	return n
}

// libraryOf is where an interpreter has its standard library.
func libraryOf(t *testing.T, python string) string {
	out, err := exec.CommandContext(t.Context(), python, "-I", "-c", "import os; print(os.path.dirname(os.__file__))").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

func contents(t *testing.T, tree fs.FS, pattern string) (all [][]byte) {
	names, err := fs.Glob(tree, pattern)
	require.NoError(t, err)
	for _, name := range names {
		data, err := fs.ReadFile(tree, name)
		require.NoError(t, err)
		all = append(all, data)
	}
	return all
}

var tokens = regexp.MustCompile(`\w+|[^\w\s]`)

// mutant leaves out a token, doubles it, or swaps it with the next one.
func mutant(r *rand.Rand, data []byte) []byte {
	at := tokens.FindAllIndex(data, -1)
	i := r.IntN(len(at) - 1)
	before, token, between := data[:at[i][0]], data[at[i][0]:at[i][1]], data[at[i][1]:at[i+1][0]]
	next, after := data[at[i+1][0]:at[i+1][1]], data[at[i+1][1]:]
	switch r.IntN(3) {
	case 0:
		return fmt.Appendf(nil, "%s%s%s%s", before, between, next, after)
	case 1:
		return fmt.Appendf(nil, "%s%s %s%s%s%s", before, token, token, between, next, after)
	default:
		return fmt.Appendf(nil, "%s%s%s%s%s", before, next, between, token, after)
	}
}
