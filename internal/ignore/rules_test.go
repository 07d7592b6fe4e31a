package ignore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/ignore"
)

func TestRules_Match(t *testing.T) {
	for _, tc := range []struct {
		name, lines, file, rule string
		ignored                 bool
	}{
		{"nothing speaks of it", "*.txt", "a.py", "", false},
		{"ignored", "*.txt", "a.txt", "*.txt", true},
		{"the last match wins", "*.py\n!a.py", "a.py", "!a.py", false},
		{"and again", "*.py\n!a.py\na.*", "a.py", "a.*", true},
		{"a directory prunes what is below", "x\n!x/a.py", "x/a.py", "x", true},
		{"its contents do not", "x/*\n!x/a.py", "x/a.py", "!x/a.py", false},
		{"a directory taken back", "x\n!x", "x/a.py", "", false},
		{"a slash at the end spares files", "x/", "x", "", false},
		{"and catches directories", "x/", "y/x/z/a.py", "x/", true},
		{"anchored", "/x", "y/x/a.py", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := ignore.New("", strings.Split(tc.lines, "\n"))
			require.NoError(t, err)
			rule, ignored := r.Match(tc.file)
			assert.Equal(t, tc.ignored, ignored)
			assert.Equal(t, tc.rule, rule)
		})
	}
}

func TestRules_deeperFilesCountMore(t *testing.T) {
	var r ignore.Rules
	require.NoError(t, r.Add("a/b", []string{"!keep.py"}))
	require.NoError(t, r.Add("", []string{"*.py"}))
	require.NoError(t, r.Add("a", []string{"/only.txt"}))

	for file, want := range map[string]bool{
		"keep.py": true, "a/keep.py": true, "a/b/keep.py": false, "a/b/c/keep.py": false,
		"a/only.txt": true, "only.txt": false, "a/b/only.txt": false, "ab/only.txt": false,
	} {
		_, ignored := r.Match(file)
		assert.Equal(t, want, ignored, file)
	}
}

func TestRules_aDirectory(t *testing.T) {
	r, err := ignore.New("", []string{"cache/", "*.d", "!ok.d"})
	require.NoError(t, err)
	for dir, want := range map[string]bool{"cache": true, "x/cache": true, "cache/y": true, "a.d": true, "ok.d": false, "x": false} {
		_, ignored := r.MatchDir(dir)
		assert.Equal(t, want, ignored, dir)
	}
}

func TestNew_badPatternIsAnError(t *testing.T) {
	_, err := ignore.New("", []string{"*.py", "[oops"})
	require.Error(t, err)
	assert.ErrorContains(t, err, `"[oops"`)
}

func TestRules_nilIgnoresNothing(t *testing.T) {
	var r *ignore.Rules
	_, ignored := r.Match("a")
	assert.False(t, ignored)
}

func BenchmarkMatch(b *testing.B) {
	r, err := ignore.New("", []string{"**/__pycache__/**", "*.pyc", ".git/", "__MACOSX/", ".DS_Store", "templates/**", "/docs", "*_test.py"})
	require.NoError(b, err)
	for b.Loop() {
		r.Match("teams/data/daily/import_orders.py")
	}
}
