package parse_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

var update = flag.Bool("update", false, "write what the tests found into testdata")

func interpreter(t testing.TB) string {
	path, err := embedded.Interpreter()
	require.NoError(t, err)
	return path
}

func newChecker(t testing.TB, o parse.Options) *parse.Checker {
	if o.Interpreter == "" {
		o.Interpreter = interpreter(t)
	}
	c, err := parse.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

func check(t testing.TB, c *parse.Checker, tree fs.FS) parse.Report {
	report, err := c.Check(t.Context(), tree)
	require.NoError(t, err)
	return report
}

// checkOne checks one file of these contents, which a DAG imports.
func checkOne(t testing.TB, c *parse.Checker, contents string) []parse.Finding {
	report := check(t, c, fstest.MapFS{"a.py": {Data: []byte(contents)}, "dag.py": {Data: []byte("import a, airflow # for a DAG\n")}})
	require.Equal(t, 2, report.Files)
	return report.Findings
}

// TestCheck_findings runs testdata/findings: a tree, the options in the comment, and what is printed of it in "want".
func TestCheck_findings(t *testing.T) {
	names, err := filepath.Glob("testdata/findings/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			tree, want := fstest.MapFS{}, -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			require.GreaterOrEqual(t, want, 0, "there is no file want")
			report := check(t, newChecker(t, options(t, string(archive.Comment))), tree)
			var got strings.Builder
			for _, f := range report.Findings {
				got.WriteString(string(f.Severity) + " " + f.String() + "\n")
			}
			if *update {
				archive.Files[want].Data = []byte(got.String())
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o600))
			}
			assert.Equal(t, string(archive.Files[want].Data), got.String())
		})
	}
}

// options reads lines such as "python 3.12" from a comment.
func options(t *testing.T, comment string) parse.Options {
	var o parse.Options
	for line := range strings.Lines(comment) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "airflow":
			o.Airflow = value
		case "python":
			o.Python = value
		case "exclude":
			o.Exclude = append(o.Exclude, value)
		case "rule":
			fields := strings.Fields(value)
			o.Rules = append(o.Rules, parse.Setting{Rule: fields[0], Severity: parse.Severity(fields[1]), Paths: fields[2:]})
		case "package":
			o.Packages = append(o.Packages, value)
		case "level":
			o.Level = parse.Level(value)
		case "syntax":
			o.IgnoreSyntax = parse.IgnoreSyntax(value)
		case "", "#":
		default:
			require.Failf(t, "unknown option", "%q", line)
		}
	}
	return o
}
