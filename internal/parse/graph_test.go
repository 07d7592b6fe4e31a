package parse_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
)

func zipOf(t *testing.T, files map[string]string) *fstest.MapFile {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		member, err := w.Create(name)
		require.NoError(t, err)
		_, err = member.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return &fstest.MapFile{Data: b.Bytes()}
}

// severities are what is said of each path.
func severities(report parse.Report) map[string]parse.Severity {
	out := map[string]parse.Severity{}
	for _, f := range report.Findings {
		out[f.Path] = f.Severity
	}
	return out
}

// TestCheck_zipIsItsOwnRoot of whatever name: its modules import from it first, and Airflow looks at its root only.
func TestCheck_zipIsItsOwnRoot(t *testing.T) {
	report := check(t, newChecker(t, parse.Options{}), fstest.MapFS{
		"lib.jar": zipOf(t, map[string]string{
			"dag.py": "from airflow import DAG\nimport pkg.mod, outside\n", "pkg/mod.py": "(", "pkg/unused.py": "( # airflow dag", "skipped.py": "(",
		}),
		"outside.py": {Data: []byte("(")}, "pkg/unused.py": {Data: []byte("(")}, "no.xlsx": {Data: []byte("PK\x03\x04 airflow dag")},
	})
	assert.Equal(t, map[string]parse.Severity{
		"lib.jar/pkg/mod.py": parse.Block, "lib.jar/skipped.py": parse.Warn, "outside.py": parse.Block, "pkg/unused.py": parse.Warn,
	}, severities(report))
	assert.Equal(t, []string{"lib.jar/dag.py", "lib.jar/pkg/mod.py", "lib.jar/skipped.py", "outside.py", "pkg/unused.py"}, report.Checked)
	assert.Equal(t, 5, report.Files)
}

func TestCheck_manyImportsMeanAnyOfThem(t *testing.T) {
	var b strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&b, "import m%d\n", i)
	}
	c := newChecker(t, parse.Options{})
	broken := &fstest.MapFile{Data: []byte("(")}
	for name, contents := range map[string]string{
		"count": b.String(), "length": "import " + strings.Repeat("a", 100_001), "__import__": "x = __import__('a')", "path": "import sys; sys.path.insert(0, 'x')",
		"importlib": "def f():\n  from importlib import import_module", "import_string": "from airflow.utils.module_loading import import_string",
	} {
		report := check(t, c, fstest.MapFS{"dag.py": {Data: []byte(contents + "\n# airflow dag\n")}, "other.py": broken})
		assert.True(t, report.Blocked(), name)
	}
	report := check(t, c, fstest.MapFS{"dag.py": {Data: []byte("import m1 # airflow dag\n")}, "other.py": broken})
	assert.False(t, report.Blocked())
}

// TestCheck_cyclesEnd: a star reaches all that stands in the root.
func TestCheck_cyclesEnd(t *testing.T) {
	tree := fstest.MapFS{"dag.py": {Data: []byte("import a # airflow dag\n")}, "b.py": {Data: []byte("import a, dag, b\nfrom . import *\nfrom .... import x\n")}, "c.py": {Data: []byte("(")}}
	tree["a.py"] = tree["b.py"]
	assert.Equal(t, map[string]parse.Severity{"c.py": parse.Block}, severities(check(t, newChecker(t, parse.Options{Level: parse.LevelSyntax}), tree)))
}
