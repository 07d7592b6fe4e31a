package buckettest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func list(t *testing.T, s Store, _ Traits) {
	assert.Empty(t, mustList(t, s.At(t, "")).Objects, "an empty store is an empty listing")

	before := time.Now()
	s.Upload(t, "dags/a.py", []byte("alpha"))
	s.Upload(t, "dags/sub/b.py", nil)
	s.Upload(t, "dags2/x.py", []byte("x"))
	s.Upload(t, "dags.py", []byte("x"))
	s.Upload(t, "other/dags/y.py", []byte("y"))

	l := mustList(t, s.At(t, "dags/"))
	require.Equal(t, []string{"a.py", "sub/b.py"}, keys(l), "what is beside the prefix is not listed")
	a, b := l.Objects[0], l.Objects[1]
	assert.EqualValues(t, 5, a.Size)
	assert.Zero(t, b.Size, "an empty object is one")
	assert.True(t, a.ETag != "" || a.Generation > 0, "a version")
	assert.Empty(t, a.StorageClass)
	assert.WithinDuration(t, before, a.LastModified, time.Minute)
	assert.Equal(t, time.UTC, a.LastModified.Location())

	assert.Equal(t, l.Objects, mustList(t, s.At(t, "dags")).Objects, "a prefix is a folder's, with or without a slash at its end")
	assert.Equal(t, []string{"dags.py", "dags/a.py", "dags/sub/b.py", "dags2/x.py", "other/dags/y.py"},
		keys(mustList(t, s.At(t, ""))), "in byte order: . comes before /")
	assert.Empty(t, mustList(t, s.At(t, "nothing/here/")).Objects, "a missing prefix is an empty listing")
	assert.True(t, strings.HasSuffix(s.At(t, "dags/").URL("a.py"), "/dags/a.py"))
	assert.True(t, strings.HasSuffix(s.At(t, "dags/").URL(""), "/dags/"))
}

// listMany: more than two pages of the 1,000 keys that S3 gives at once.
func listMany(t *testing.T, s Store, _ Traits) {
	want := make([]string, 2500)
	var group errgroup.Group
	group.SetLimit(32)
	for i := range want {
		want[i] = fmt.Sprintf("folder%d/dag_%d.py", i%7, i)
		group.Go(func() error {
			s.Upload(t, "dags/"+want[i], []byte("x"))
			return nil
		})
	}
	require.NoError(t, group.Wait())
	slices.Sort(want)
	assert.Equal(t, want, keys(mustList(t, s.At(t, "dags/"))))
}

func listOdd(t *testing.T, s Store, traits Traits) {
	want := []string{
		"a b.py", "a+b.py", "a%2Bb.py", "a%.py", "100%25.py", "ü.py", "日本/語.py", "😀.py", `"quoted".py`, "it's.py",
		"a&b<c>.py", "a=b?c#d.py", "~tilde!$(),;@[]{}^`|.py", ".hidden", "x.py~", strings.Repeat("deep/", 40) + "x.py",
		"dagferry-lock", "a.b/c", "a/b", "a0",
	}
	if traits.Control {
		want = append(want, "new\nline.py", "tab\tand\x01more.py", "back\\slash.py")
	}
	if traits.Markers {
		want = append(want, "marker/", "folder/", "folder/in.py")
	}
	for _, key := range want {
		s.Upload(t, "odd +%/"+key, []byte(key))
	}
	b := s.At(t, "odd +%/")
	l := mustList(t, b)
	slices.Sort(want)
	require.Equal(t, want, keys(l))
	for _, o := range l.Objects {
		got, err := read(t, b, o)
		if assert.NoErrorf(t, err, "%q", o.Key) {
			assert.Equal(t, o.Key, string(got), "a key names its own object")
		}
	}
	if traits.Markers {
		s.Upload(t, "odd +%/", nil)
		assert.Equal(t, want, keys(mustList(t, b)), "the prefix's own marker is no object in it")
	}
}

func listAgain(t *testing.T, s Store, _ Traits) {
	b := s.At(t, "dags/")
	s.Upload(t, "dags/a.py", []byte("one"))
	first := mustList(t, b)
	assert.Equal(t, first.Objects, mustList(t, b).Objects, "nothing happened")

	s.Upload(t, "dags/a.py", []byte("two"))
	second := mustList(t, b)
	require.Len(t, second.Objects, 1)
	assert.NotEqual(t, first.Objects[0], second.Objects[0], "another version of the same size")

	s.Delete(t, "dags/a.py")
	assert.Empty(t, mustList(t, b).Objects)
}
