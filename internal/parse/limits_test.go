package parse

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func zipOf(t *testing.T, names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, name := range names {
		member, err := w.Create(name)
		require.NoError(t, err)
		if i == 0 {
			_, err = member.Write([]byte(strings.Repeat("abc = 12345 + def\n", 20)))
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestCheck_damagedZipIsAFindingWhereverTheDamageIs(t *testing.T) {
	whole := zipOf(t, "a.py")
	c := realChecker(t, Options{})
	unpacked := 0
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0xff
		report, err := c.Check(t.Context(), fstest.MapFS{"x.zip": {Data: damaged}})
		require.NoError(t, err, "byte %d", i)
		for _, f := range report.Findings {
			if strings.Contains(f.Message, "unpacked") {
				unpacked++
				assert.Equal(t, []any{RuleArchive, Block}, []any{f.Rule, f.Severity})
			}
		}
	}
	assert.Positive(t, unpacked)
}

var errDisk = errors.New("the disk is on fire")

type burning struct{ fs.FS }

func (b burning) Open(name string) (fs.File, error) {
	f, err := b.FS.Open(name)
	if err == nil && name == "x.zip" {
		return burningFile{f}, nil
	}
	return f, err
}

type burningFile struct{ fs.File }

func (burningFile) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

func TestCheck_zipThatTheTreeCannotReadIsAnError(t *testing.T) {
	_, err := realChecker(t, Options{}).Check(t.Context(), burning{fstest.MapFS{"x.zip": {Data: zipOf(t, "a.py")}}})
	require.ErrorIs(t, err, errDisk)
}

func TestCheck_zipWithTooManyEntriesOrBytesIsRefused(t *testing.T) {
	names := make([]string, maxEntries+1)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	tree := fstest.MapFS{"large.zip": {Data: make([]byte, maxArchive+1)}, "many.zip": {Data: zipOf(t, names...)}}
	report, err := realChecker(t, Options{}).Check(t.Context(), tree)
	require.NoError(t, err)
	require.Len(t, report.Findings, 2)
	for i, want := range []error{errTooLarge, errTooMany} {
		assert.Contains(t, report.Findings[i].Message, want.Error())
		assert.Equal(t, []any{RuleArchive, Block}, []any{report.Findings[i].Rule, report.Findings[i].Severity})
	}
}

func TestCountEntries_recordThatLies(t *testing.T) {
	names := make([]string, maxEntries+1)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	data := zipOf(t, names...)
	copy(data[len(data)-14:], []byte{5, 0, 5, 0})
	require.ErrorIs(t, countEntries(&source{ReaderAt: bytes.NewReader(data), length: int64(len(data))}), errTooMany)
}

func TestCheck_stopsAfterThreeFilesThatStall(t *testing.T) {
	tree := fstest.MapFS{}
	for i := range 9 {
		tree[fmt.Sprintf("%d.py", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "x = %d # airflow dag", i)}
	}
	o := Options{Interpreter: script(t, "exec sleep 60"), FileTimeout: 50 * time.Millisecond, Workers: 1}
	for name, tc := range map[string]struct {
		budget  time.Duration
		checked int
	}{"strikes": {0, 3}, "budget": {time.Millisecond, 1}} {
		t.Run(name, func(t *testing.T) {
			o.Budget = tc.budget
			c, err := New(o)
			require.NoError(t, err)
			defer func() { assert.NoError(t, c.Close()) }()
			report, err := c.Check(t.Context(), tree)
			require.NoError(t, err)
			assert.Equal(t, tc.checked, report.Files)
			require.Len(t, report.Findings, tc.checked+1)
			last := report.Findings[tc.checked]
			assert.Equal(t, []any{fmt.Sprintf("%d.py", tc.checked), RuleStall, Block}, []any{last.Path, last.Rule, last.Severity})
			assert.Contains(t, last.Message, fmt.Sprintf("%d files were not checked", 9-tc.checked))
		})
	}
}

func TestCheck_quadraticCodecsAreUnsupported(t *testing.T) {
	c := realChecker(t, Options{})
	for _, name := range []string{"punycode", "IDNA", "Punycode"} {
		report, err := c.Check(t.Context(), fstest.MapFS{"a.py": {Data: []byte("# coding: " + name + "\nx = 1\n")}})
		require.NoError(t, err)
		require.Len(t, report.Findings, 1, name)
		assert.Equal(t, RuleEncoding, report.Findings[0].Rule)
		assert.Contains(t, report.Findings[0].Message, "unsupported")
	}
}

func TestCheck_ignoreFileIsBounded(t *testing.T) {
	for name, tc := range map[string]struct {
		text, message string
		line          int
	}{
		"instructions": {strings.Repeat(".{1000}\n", 900), "200000 instructions", 200},
		"patterns":     {strings.Repeat("a\n", 1200), "more than 1000 patterns", 1001},
		"a long one":   {"a\n" + strings.Repeat("b", 1001) + "\n", "longer than 1000 bytes", 2},
	} {
		t.Run(name, func(t *testing.T) {
			c := realChecker(t, Options{IgnoreSyntax: Regexp})
			report, err := c.Check(t.Context(), fstest.MapFS{".airflowignore": {Data: []byte(tc.text)}})
			require.NoError(t, err)
			require.Len(t, report.Findings, 1)
			f := report.Findings[0]
			assert.Equal(t, []any{RuleIgnoreFile, Warn}, []any{f.Rule, f.Severity})
			assert.Contains(t, f.Message, tc.message)
			assert.InDelta(t, tc.line, f.Line, 101) // about 2,000 instructions a line
		})
	}
}
