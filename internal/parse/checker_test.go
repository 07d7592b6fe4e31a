package parse_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
)

func TestNew_badOptionsAreTheOperators(t *testing.T) {
	for want, o := range map[string]parse.Options{
		"Airflow's version":        {Airflow: "latest"},
		"Python's version":         {Python: "3"},
		`"2.7" is none`:            {Python: "2.7"},
		`"[oops"`:                  {Exclude: []string{"[oops"}},
		"neither glob nor regexp":  {IgnoreSyntax: "sql"},
		"there is no Python":       {},
		"start interpreter /nowhe": {Interpreter: "/nowhere/python"},
	} {
		_, err := parse.New(o)
		require.ErrorContains(t, err, want)
		assert.Equal(t, fault.Denied, fault.Of(err), want)
	}
}

func TestCheck_upperCaseSuffixCountsFrom33(t *testing.T) {
	tree := fstest.MapFS{"a.PY": {Data: []byte("(")}, "b.pyc": {Data: []byte("(")}, "py": {Data: []byte("(")}}
	for version, want := range map[string]int{"2.11": 0, "3.2": 0, "3.3": 1, "4.0": 1, "": 1} {
		assert.Len(t, check(t, newChecker(t, parse.Options{Airflow: version}), tree).Findings, want, version)
	}
}

func TestCheck_dialectMayBeSet(t *testing.T) {
	tree := fstest.MapFS{".airflowignore": {Data: []byte("x.*y\n")}, "dir/axby.py": {Data: []byte("( # dag airflow")}}
	assert.True(t, check(t, newChecker(t, parse.Options{Level: parse.LevelSyntax, Airflow: "3.1"}), tree).Blocked())
	assert.False(t, check(t, newChecker(t, parse.Options{Level: parse.LevelSyntax, Airflow: "3.1", IgnoreSyntax: parse.Regexp}), tree).Blocked())
	assert.True(t, check(t, newChecker(t, parse.Options{Level: parse.LevelSyntax, Airflow: "2.11", IgnoreSyntax: parse.Glob}), tree).Blocked())
}

func TestCheck_ignoreFileThatIsNoTextBlocks(t *testing.T) {
	report := check(t, newChecker(t, parse.Options{}), fstest.MapFS{"d/.airflowignore": {Data: []byte("\xff\xfe*")}})
	require.Len(t, report.Findings, 1)
	assert.Equal(t, parse.RuleIgnoreFile, report.Findings[0].Rule)
	assert.True(t, report.Blocked())
}

func TestCheck_zipsRootModules(t *testing.T) {
	var good bytes.Buffer
	w := zip.NewWriter(&good)
	for name, text := range map[string]string{"dag.py": "x = = 1  # airflow dag\n", "fine.py": "x = 1\n", "sub/mod.py": "(", "data.txt": "("} {
		member, err := w.Create(name)
		require.NoError(t, err)
		_, err = member.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	tree := fstest.MapFS{
		"x.zip": {Data: good.Bytes()}, "no.zip": {Data: []byte("PK")}, "ignored/x.zip": {Data: good.Bytes()},
		".airflowignore": {Data: []byte("ignored/")},
	}
	for name, tree := range map[string]fs.FS{"at offsets": tree, "in one go": streamed{tree}} {
		t.Run(name, func(t *testing.T) {
			report := check(t, newChecker(t, parse.Options{}), tree)
			assert.Equal(t, 4, report.Files)
			assert.Equal(t, []string{"x.zip"}, report.Read)
			require.Len(t, report.Findings, 3)
			ignored, bad, found := report.Findings[0], report.Findings[1], report.Findings[2]
			assert.Equal(t, "ignored/x.zip/dag.py", ignored.Path)
			assert.Equal(t, parse.Warn, ignored.Severity)
			assert.Equal(t, []any{"no.zip", parse.RuleArchive, parse.Warn}, []any{bad.Path, bad.Rule, bad.Severity})
			assert.Equal(t, []any{"x.zip/dag.py", 1, 5, parse.Block}, []any{found.Path, found.Line, found.Column, found.Severity})
		})
	}
}

// streamed is a file system whose files can only be read from the beginning.
type streamed struct{ fs.FS }

func (s streamed) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if _, dir := f.(fs.ReadDirFile); err != nil || dir {
		return f, err
	}
	return struct{ fs.File }{f}, nil
}

func TestCheck_brokenMemberOfAZipIsAFinding(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	member, err := w.CreateHeader(&zip.FileHeader{Name: "a.py", Method: zip.Store})
	require.NoError(t, err)
	_, err = member.Write([]byte("x = 12345\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	data := bytes.Replace(b.Bytes(), []byte("12345"), []byte("54321"), 1) // its checksum is another one
	report := check(t, newChecker(t, parse.Options{}), fstest.MapFS{"x.zip": {Data: data}})
	assertOnly(t, report.Findings, parse.RuleArchive, "cannot be unpacked")
}

func TestCheck_whatCannotBeReadIsAnError(t *testing.T) {
	c := newChecker(t, parse.Options{})
	_, err := c.Check(t.Context(), failing{fstest.MapFS{"a.py": {Data: []byte("x = 1")}}})
	require.ErrorIs(t, err, fs.ErrPermission)
	assert.ErrorContains(t, err, "a.py")
}

type failing struct{ fs.FS }

func (f failing) Open(name string) (fs.File, error) {
	if name == "a.py" {
		return nil, fs.ErrPermission
	}
	return f.FS.Open(name)
}

func TestCheck_endsWithItsContext(t *testing.T) {
	c := newChecker(t, parse.Options{Workers: 1})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.Check(ctx, fstest.MapFS{"a.py": {Data: []byte("x = 1")}})
	require.NoError(t, err)
	cancel()
	_, err = c.Check(ctx, fstest.MapFS{"a.py": {Data: []byte("x = 2")}})
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, check(t, c, fstest.MapFS{"a.py": {Data: []byte("x = 3")}}).Findings, "and works again for another")
}

func TestCheck_severalAtATime(t *testing.T) {
	c := newChecker(t, parse.Options{Workers: 3})
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			tree := fstest.MapFS{}
			for n := range 40 {
				tree[fmt.Sprintf("%02d.py", n)] = &fstest.MapFile{Data: fmt.Appendf(nil, "x = %d\ny = = %d\n", i%3, n)}
			}
			report, err := c.Check(context.Background(), tree)
			if assert.NoError(t, err) && assert.Len(t, report.Findings, 40) {
				for n, f := range report.Findings {
					assert.Equal(t, fmt.Sprintf("%02d.py:2:5", n), fmt.Sprintf("%s:%d:%d", f.Path, f.Line, f.Column))
				}
			}
		})
	}
	all.Wait()
}

func TestCheck_directoriesAndLinks(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.py"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "real.txt"), []byte("("), 0o600))
	require.NoError(t, os.Symlink("real.txt", filepath.Join(dir, "link.py")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "dangling.py")))
	report := check(t, newChecker(t, parse.Options{}), os.DirFS(dir))
	require.Len(t, report.Findings, 1)
	assert.Equal(t, "link.py", report.Findings[0].Path)
}

func TestReport_JSON(t *testing.T) {
	c := newChecker(t, parse.Options{})
	empty, err := json.Marshal(check(t, c, fstest.MapFS{}))
	require.NoError(t, err)
	assert.JSONEq(t, `{"files": 0, "findings": []}`, string(empty))

	report, err := json.Marshal(check(t, c, fstest.MapFS{"a.py": {Data: []byte("dag = airflow )\n")}}))
	require.NoError(t, err)
	assert.JSONEq(t, `{"files": 1, "findings": [{"path": "a.py", "line": 1, "column": 15, "rule": "DF101", "severity": "block",
		"message": "unmatched ')'", "source": "dag = airflow )", "caret": "              ^"}]}`, string(report))
}

func TestFind_configuredWins(t *testing.T) {
	path := interpreter(t)
	got, err := parse.Find(path)
	require.NoError(t, err)
	assert.Equal(t, path, got)
}

func TestFind_configuredThatIsNone(t *testing.T) {
	for _, path := range []string{"/nowhere/python", t.TempDir()} {
		_, err := parse.Find(path)
		require.ErrorContains(t, err, path)
		assert.Equal(t, fault.Denied, fault.Of(err))
	}
}

func TestFind_nothingBesideTheExecutable(t *testing.T) {
	_, err := parse.Find("")
	require.ErrorIs(t, err, parse.ErrNoInterpreter)
	assert.ErrorContains(t, err, parse.InterpreterPath)
}

func TestFind_besideTheExecutable(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	carried := filepath.Join(filepath.Dir(self), parse.InterpreterPath)
	require.NoError(t, os.MkdirAll(filepath.Dir(carried), 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Join(filepath.Dir(self), "python")) })
	require.NoError(t, os.WriteFile(carried, []byte("#!"), 0o700))
	got, err := parse.Find("")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(got, parse.InterpreterPath), got)
}

// BenchmarkCheck checks 1,000 files of 0.6 kB that differ, with one worker.
func BenchmarkCheck(b *testing.B) {
	for _, target := range []string{"", "3.12", "3.11", "3.10"} {
		b.Run("target"+target, func(b *testing.B) {
			c := newChecker(b, parse.Options{Workers: 1, Python: target})
			check(b, c, fstest.MapFS{"a.py": {}})
			round := 0
			for b.Loop() {
				round++
				tree := fstest.MapFS{}
				for i := range 1000 {
					tree[fmt.Sprintf("%d.py", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "%s# %d %d\n", goodDAG, round, i)}
				}
				check(b, c, tree)
			}
			b.ReportMetric(float64(1000*round)/b.Elapsed().Seconds(), "files/s")
		})
	}
}

// BenchmarkCheck_known checks 5,000 files that were all checked before, by another process: none is parsed. Those that have one
// dag_id for all are looked into nevertheless, to show the line of each finding.
func BenchmarkCheck_known(b *testing.B) {
	for name, id := range map[string]func(int) string{
		"fine":     func(i int) string { return fmt.Sprintf("orders_%d", i) },
		"findings": func(int) string { return "orders" },
	} {
		tree := summed{fstest.MapFS{}, new([]string)}
		for i := range 5000 {
			dag := strings.ReplaceAll(goodDAG, "orders", id(i))
			tree.MapFS[fmt.Sprintf("%d.py", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "%s# %d\n", dag, i)}
		}
		b.Run(name, func(b *testing.B) { benchmarkKnown(b, tree) })
	}
}

func benchmarkKnown(b *testing.B, tree summed) {
	first := newChecker(b, parse.Options{})
	check(b, first, tree)
	kept, err := first.Keep(b.Context(), tree)
	require.NoError(b, err)
	second := newChecker(b, parse.Options{})
	require.NoError(b, second.Learn(b.Context(), kept))
	*tree.opened = nil
	b.ReportAllocs()
	for b.Loop() {
		check(b, second, tree)
	}
	require.Empty(b, *tree.opened)
}

// BenchmarkNew is the start of an interpreter up to the first answer.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		c, err := parse.New(parse.Options{Interpreter: interpreter(b)})
		require.NoError(b, err)
		check(b, c, fstest.MapFS{"a.py": {Data: []byte("x")}})
		require.NoError(b, c.Close())
	}
}
