package parse_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
)

const goodDAG = `"""A DAG as people write them."""
from __future__ import annotations

import pendulum
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=pendulum.datetime(2026, 1, 1), tags=["a", "b"])
def orders():
    @task
    def extract(day: str) -> list[dict]:
        rows = []
        for hour in range(24):
            rows.append({"hour": hour, "day": day})
        return rows

    @task
    def load(rows):
        print(f"{len(rows)} rows")

    load(extract("{{ ds }}"))


orders()
`

// TestCheck_eachBrokenLineIsNamed puts something in each line that no line may end with.
func TestCheck_eachBrokenLineIsNamed(t *testing.T) {
	c := newChecker(t, parse.Options{Python: "3.10"})
	lines := strings.Split(strings.TrimSuffix(goodDAG, "\n"), "\n")
	tree := fstest.MapFS{"good.py": {Data: []byte(goodDAG)}}
	name := func(i int) string { return fmt.Sprintf("mutant%02d.py", i+1) }
	for i := range lines {
		mutant := append([]string{}, lines...)
		mutant[i] += "?"
		tree[name(i)] = &fstest.MapFile{Data: []byte(strings.Join(mutant, "\n"))}
	}
	report := check(t, c, tree)
	require.Len(t, report.Findings, len(lines))
	for i, f := range report.Findings {
		assert.Equal(t, name(i), f.Path)
		assert.Equal(t, i+1, f.Line)
		assert.Equal(t, len([]rune(lines[i]))+1, f.Column)
		assert.Equal(t, lines[i]+"?", f.Source)
		assert.Equal(t, strings.Repeat(" ", len(lines[i]))+"^", f.Caret)
	}
}

// TestCheck_standardLibraryIsGood for its own version; and none of it is refused for what it does not have.
func TestCheck_standardLibraryIsGood(t *testing.T) {
	lib := filepath.Join(filepath.Dir(filepath.Dir(interpreter(t))), "lib", "python3.14")
	tree := fstest.MapFS{}
	for _, pattern := range []string{"*.py", "encodings/*.py", "asyncio/*.py", "email/*.py"} {
		names, err := fs.Glob(os.DirFS(lib), pattern)
		require.NoError(t, err)
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(lib, name))
			require.NoError(t, err)
			tree[name] = &fstest.MapFile{Data: data}
		}
	}
	report := check(t, newChecker(t, parse.Options{}), tree)
	assert.Greater(t, report.Files, 300)
	assert.Empty(t, report.Findings)
	for _, f := range check(t, newChecker(t, parse.Options{Python: "3.11"}), tree).Findings {
		assert.Equal(t, parse.RuleNewer, f.Rule, f.String())
	}
}

// TestCheck_agreesWithAnOlderPython asks interpreters of older versions, where there are any, about generated f-strings:
// what they refuse, and nothing else, has to be a finding when they are the target.
func TestCheck_agreesWithAnOlderPython(t *testing.T) {
	tree := fStrings()
	asked := 0
	for _, version := range []string{"3.9", "3.10", "3.11", "3.12", "3.13"} {
		path, err := exec.Command("python"+version, "-c", "import sys; print(sys.executable)").Output() // not a shim
		if err != nil {
			continue
		}
		asked++
		theirs := check(t, newChecker(t, parse.Options{Interpreter: strings.TrimSpace(string(path))}), tree)
		ours := check(t, newChecker(t, parse.Options{Python: version}), tree)
		t.Logf("%s refuses %d of %d", version, len(theirs.Findings), len(tree))
		assert.Equal(t, paths(theirs, tree), paths(ours, tree), version)
	}
	if asked == 0 && os.Getenv("CI") != "" {
		t.Fatal("no older Python is on the PATH to compare with")
	}
	if asked == 0 {
		t.Skip("there is no older Python here")
	}
}

// paths are the files with findings, with their contents for people.
func paths(report parse.Report, tree fstest.MapFS) map[string]string {
	out := map[string]string{}
	for _, f := range report.Findings {
		out[f.Path] = string(tree[f.Path].Data)
	}
	return out
}

// fStrings are all combinations of quotes, fields and formats that PEP 701 is about.
func fStrings() fstest.MapFS {
	tree := fstest.MapFS{}
	for _, quote := range []string{`"`, `'`, `"""`, `'''`} {
		for _, prefix := range []string{"f", "rf", "F"} {
			for _, field := range []string{
				`d["k"]`, `d['k']`, `d["""k"""]`, `f"{x}"`, `f'{x}'`, `f"{f'{x}'}"`, `'\n'`, `"#"`, "x  # c\n", "\nx", "x\n", " x ", `x!r`, `x=`,
				`{1: 2}[1]`, `(lambda: 1)()`, `x if y else "z"`, `"}"`, `'{'`, `b"a"`, `"a" 'b'`, `x != y`, `(y := 1)`, `[*a, *b]`, `x["\\"]`, `x[1:"k"]`, `(lambda: "k")()`,
			} {
				for _, format := range []string{"", ":>10", ":{w}", `:{w["k"]}`, `:{w:{v}}`, `:\n`, ":%H:%M", `:{'>'}{10}`} {
					name := fmt.Sprintf("f%05d.py", len(tree))
					contents := "y = " + prefix + quote + `a\\{{ {` + field + format + `} \x20}}` + quote + "\n"
					tree[name] = &fstest.MapFile{Data: []byte(contents)}
				}
			}
		}
	}
	return tree
}
