package bundle_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bundle"
)

// store is a bucket's files: contents by path, and when each was written.
type store map[string]object

type object struct {
	body    string
	version int
}

func (s store) files() []bundle.File {
	var list []bundle.File
	for path, o := range s {
		list = append(list, bundle.File{
			Path: path, From: "s3://b/" + path, Version: fmt.Sprint(o.version), Size: int64(len(o.body)), ModTime: time.Unix(int64(o.version), 0),
		})
	}
	return list
}

// gathered is a spool of the store, with a cache or without, and how many files were read for it.
func (s store) gathered(t testing.TB, cache []byte) (*bundle.Spool, int) {
	t.Helper()
	plan, err := bundle.NewPlan(s.files(), bundle.Rules{})
	require.NoError(t, err)
	spool, err := bundle.NewSpool(t.TempDir(), plan.In)
	require.NoError(t, err)
	t.Cleanup(func() { _ = spool.Close() })
	if cache != nil {
		c, err := bundle.DecodeCache(cache)
		require.NoError(t, err)
		spool.Reuse(c)
	}
	missing := spool.Missing()
	for _, i := range missing {
		require.NoError(t, spool.Write(i, strings.NewReader(s[plan.In[i].Path].body)))
	}
	return spool, len(missing)
}

func packed(t testing.TB, s *bundle.Spool, layout bundle.Layout) (archive, cache []byte) {
	t.Helper()
	a, err := s.Pack(t.TempDir(), layout)
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Close()) }()
	archive, err = io.ReadAll(io.NewSectionReader(a, 0, a.Size))
	require.NoError(t, err)
	cache, err = s.Cache(a, layout, []byte("verdicts"))
	require.NoError(t, err)
	return archive, cache
}

// edit changes the store a little, as authors do, and returns how many objects are new.
func (s store) edit(r *rand.Rand, version int) (written int) {
	paths := s.files()
	for range r.IntN(5) {
		path := fmt.Sprintf("team%d/dag_%d.py", r.IntN(9), r.IntN(500))
		if len(paths) > 0 && r.IntN(2) == 0 {
			path = paths[r.IntN(len(paths))].Path
		}
		if o, there := s[path]; there && o.version == version {
			continue
		}
		if r.IntN(4) == 0 {
			delete(s, path)
			continue
		}
		s[path] = object{strings.Repeat(fmt.Sprintf("line %d\n", r.IntN(50)), r.IntN(40)), version}
		written++
	}
	return written
}

// Whatever changed, what is made from the last bundle and the changes is what is made from nothing, to the byte.
func TestReuse_makesTheSameBundle(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := store{"large.csv": {strings.Repeat("x,y\n", 70<<10), 1}}
		for i := range r.IntN(400) {
			s[fmt.Sprintf("team%d/dag_%d.py", i%9, i)] = object{strings.Repeat("x", r.IntN(300)), 1}
		}
		spool, _ := s.gathered(t, nil)
		_, cache := packed(t, spool, bundle.LayoutDags)
		for version := 2; version < 12; version++ {
			before := len(s)
			written := s.edit(r, version)
			layout := bundle.LayoutDags
			if r.IntN(5) == 0 {
				layout = bundle.LayoutRoot
			}
			whole, _ := s.gathered(t, nil)
			want, wantCache := packed(t, whole, layout)
			spool, read := s.gathered(t, cache)
			got, gotCache := packed(t, spool, layout)
			require.LessOrEqual(t, read, written, "%d: %d files, then %d", seed, before, len(s))
			require.True(t, bytes.Equal(want, got), "%d.%d: the archives differ", seed, version)
			require.True(t, bytes.Equal(wantCache, gotCache), "%d.%d: the caches differ", seed, version)
			cache = gotCache
		}
	}
}

func TestReuse_contentsAreThoseOfTheLastBundle(t *testing.T) {
	s := store{}
	for i := range 200 {
		s[fmt.Sprintf("%03d.py", i)] = object{fmt.Sprintf("X = %d\n", i), 1}
	}
	spool, read := s.gathered(t, nil)
	require.Equal(t, 200, read)
	_, cache := packed(t, spool, bundle.LayoutDags)
	s["007.py"] = object{"X = 'changed'\n", 2}
	spool, read = s.gathered(t, cache)
	require.Equal(t, 1, read)
	for path, o := range s {
		data, err := fs.ReadFile(spool.Tree(), path)
		require.NoError(t, err)
		require.Equal(t, o.body, string(data))
	}
	m, err := spool.Manifest(bundle.LayoutDags)
	require.NoError(t, err)
	c, err := bundle.DecodeCache(cache)
	require.NoError(t, err)
	assert.Equal(t, []string{"007.py"}, m.Since(c.Manifest()).Changed)
	assert.Equal(t, c.Manifest().Digest(), c.Digest())
	assert.Equal(t, "verdicts", string(c.Verdicts()))
}

// What a listing does not tell apart is never taken for the same.
func TestReuse_needsAllThatAListingTells(t *testing.T) {
	s := store{"a.py": {"X = 1\n", 1}}
	spool, _ := s.gathered(t, nil)
	_, encoded := packed(t, spool, bundle.LayoutDags)
	c, err := bundle.DecodeCache(encoded)
	require.NoError(t, err)
	same := s.files()[0]
	for what, change := range map[string]func(*bundle.File){
		"version":    func(f *bundle.File) { f.Version = "2" },
		"no version": func(f *bundle.File) { f.Version = "" },
		"size":       func(f *bundle.File) { f.Size++ },
		"place":      func(f *bundle.File) { f.From = "s3://other/a.py" },
	} {
		other := same
		change(&other)
		spool, err := bundle.NewSpool(t.TempDir(), []bundle.File{other})
		require.NoError(t, err)
		spool.Reuse(c)
		assert.Equal(t, []int{0}, spool.Missing(), what)
		require.NoError(t, spool.Close())
	}
}

func TestDecodeCache_damageIsFound(t *testing.T) {
	s := store{"a.py": {"X = 1\n", 1}, "b.py": {"Y = 1\n", 1}}
	spool, _ := s.gathered(t, nil)
	_, cache := packed(t, spool, bundle.LayoutDags)
	for i := range cache {
		bad := bytes.Clone(cache)
		bad[i] ^= 1
		_, err := bundle.DecodeCache(bad)
		require.ErrorIs(t, err, bundle.ErrDamaged, "byte %d", i)
		_, err = bundle.DecodeCache(cache[:i])
		require.ErrorIs(t, err, bundle.ErrDamaged, "%d bytes", i)
	}
}

func FuzzDecodeCache(f *testing.F) {
	s := store{"a.py": {"X = 1\n", 1}}
	spool, _ := s.gathered(f, nil)
	_, cache := packed(f, spool, bundle.LayoutDags)
	f.Add(cache)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := bundle.DecodeCache(data)
		if err != nil {
			require.ErrorIs(t, err, bundle.ErrDamaged)
			return
		}
		_ = c.Manifest()
	})
}

func TestSingle_isOneMember(t *testing.T) {
	s := store{}
	for i := range 300 {
		s[fmt.Sprintf("%03d.py", i)] = object{fmt.Sprintf("X = %d\n", i), 1}
	}
	spool, _ := s.gathered(t, nil)
	a, err := spool.Pack(t.TempDir(), bundle.LayoutDags)
	require.NoError(t, err)
	defer a.Close()
	single, err := a.Single(t.TempDir())
	require.NoError(t, err)
	defer single.Close()
	first := func(a *bundle.Archive, all bool) []byte {
		z, err := gzip.NewReader(io.NewSectionReader(a, 0, a.Size))
		require.NoError(t, err)
		z.Multistream(all)
		data, err := io.ReadAll(z)
		require.NoError(t, err)
		return data
	}
	assert.True(t, bytes.Equal(first(a, true), first(single, false)))
	assert.Less(t, len(first(a, false)), len(first(a, true)), "the other has several")
}
