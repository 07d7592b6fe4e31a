package parse_test

import (
	"crypto/sha256"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
)

// summed is a tree that knows its hashes, and counts what is opened.
type summed struct {
	fstest.MapFS
	opened *[]string
}

func (s summed) Sum(name string) ([sha256.Size]byte, bool) {
	f := s.MapFS[name]
	if f == nil {
		return [sha256.Size]byte{}, false
	}
	return sha256.Sum256(f.Data), true
}

func (s summed) Open(name string) (fs.File, error) {
	if s.MapFS[name] != nil {
		*s.opened = append(*s.opened, name)
	}
	return s.MapFS.Open(name)
}

func TestLearn_whatIsKnownIsNotParsedAgain(t *testing.T) {
	var opened []string
	tree := summed{fstest.MapFS{
		"good.py": {Data: []byte("X = 1\n")}, "bad.py": {Data: []byte("X = (\n")}, "newer.py": {Data: []byte("type X = int\n")}, "x.sql": {Data: []byte("select 1")}, "late.py": {Data: []byte("import good  # dag of airflow\n")},
	}, &opened}
	first := newChecker(t, parse.Options{Python: "3.11"})
	want := check(t, first, tree)
	require.Len(t, want.Findings, 2)
	require.False(t, want.Blocked(), "no DAG imports them")
	require.Len(t, opened, 5)
	kept, err := first.Keep(t.Context(), tree)
	require.NoError(t, err)

	opened = nil
	second := newChecker(t, parse.Options{Python: "3.11"})
	require.NoError(t, second.Learn(t.Context(), kept))
	assert.Equal(t, want, check(t, second, tree))
	assert.Empty(t, opened)

	tree.MapFS["good.py"] = &fstest.MapFile{Data: []byte("X = )\n")}
	now := check(t, second, tree)
	assert.Len(t, now.Findings, 3)
	assert.True(t, now.Blocked(), "late.py imports it, which is remembered")
	assert.Equal(t, []string{"good.py"}, opened)
}

func TestLearn_onlyOfTheSameGrammar(t *testing.T) {
	var opened []string
	tree := summed{fstest.MapFS{"a.py": {Data: []byte("type X = int\n")}}, &opened}
	first := newChecker(t, parse.Options{Python: "3.12"})
	require.Empty(t, check(t, first, tree).Findings)
	kept, err := first.Keep(t.Context(), tree)
	require.NoError(t, err)
	for _, data := range [][]byte{kept, kept[:len(kept)/2], []byte("nonsense"), {}} {
		other := newChecker(t, parse.Options{Python: "3.11"})
		require.NoError(t, other.Learn(t.Context(), data))
		assert.Len(t, check(t, other, tree).Findings, 1)
	}
}
