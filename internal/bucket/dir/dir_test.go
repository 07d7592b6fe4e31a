//go:build unix

package dir_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/fault"
)

func objects(t *testing.T, b bucket.Bucket) map[string]bucket.Object {
	t.Helper()
	l, err := b.List(t.Context())
	require.NoError(t, err)
	all := map[string]bucket.Object{}
	for _, o := range l.Objects {
		all[o.Key] = o
	}
	return all
}

func TestList_links(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	s := store(root)
	s.Upload(t, "shared/helper.py", []byte("helper"))
	store(outside).Upload(t, "secret", []byte("secret"))
	for name, target := range map[string]string{
		"inside.py":   "shared/helper.py",
		"out.py":      filepath.Join(outside, "secret"),
		"up.py":       "../" + filepath.Base(outside) + "/secret",
		"dangling.py": "nothing",
		"folder":      "shared",
		"loop":        "loop",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(root, name)))
	}
	b := s.At(t, "")
	all := objects(t, b)
	assert.Len(t, all, 7, "links to folders are not walked into")
	assert.EqualValues(t, len("helper"), all["inside.py"].Size)

	r, err := b.Open(t.Context(), all["inside.py"])
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	assert.Equal(t, "helper", string(got))

	for _, name := range []string{"out.py", "up.py", "dangling.py", "folder", "loop"} {
		_, err := b.Open(t.Context(), all[name])
		require.Errorf(t, err, name)
		assert.Equal(t, fault.Rejected, fault.Of(err), name)
		assert.ErrorContains(t, err, b.URL(name))
	}
	_, err = b.Get(t.Context(), "out.py")
	assert.Error(t, err, "nor is a state read from outside")
}

func TestOpen_linkThatMovedIsChanged(t *testing.T) {
	s := store(t.TempDir())
	s.Upload(t, "a.py", []byte("aaa"))
	s.Upload(t, "b.py", []byte("bbb"))
	link := filepath.Join(string(s), "link.py")
	require.NoError(t, os.Symlink("a.py", link))
	b := s.At(t, "")
	listed := objects(t, b)["link.py"]
	require.NoError(t, os.Remove(link))
	require.NoError(t, os.Symlink("b.py", link))
	_, err := b.Open(t.Context(), listed)
	assert.ErrorIs(t, err, bucket.ErrChanged)
}

func TestList_onlyRegularFiles(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "empty"), 0o755))
	short, err := os.MkdirTemp("/tmp", "d") // a socket's path has 100 bytes at most
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(short)) })
	socket, err := net.Listen("unix", filepath.Join(short, "socket"))
	require.NoError(t, err)
	defer socket.Close()
	assert.Empty(t, objects(t, store(root).At(t, "")))
	assert.Empty(t, objects(t, store(short).At(t, "")))
}

func TestOpen_changeInPlaceWhileReading(t *testing.T) {
	s := store(t.TempDir())
	s.Upload(t, "a.py", []byte("one one one"))
	b := s.At(t, "")
	r, err := b.Open(t.Context(), objects(t, b)["a.py"])
	require.NoError(t, err)
	defer r.Close()
	_, err = io.ReadFull(r, make([]byte, 4))
	require.NoError(t, err)
	s.Upload(t, "a.py", []byte("two two two"))

	_, err = io.ReadFull(r, make([]byte, 7))
	assert.ErrorIs(t, err, bucket.ErrChanged, "also for one who reads no further than the size")
}

func TestOpen_cutWhileReading(t *testing.T) {
	s := store(t.TempDir())
	s.Upload(t, "a.py", []byte("one one one"))
	b := s.At(t, "")
	r, err := b.Open(t.Context(), objects(t, b)["a.py"])
	require.NoError(t, err)
	defer r.Close()
	s.Upload(t, "a.py", []byte("o"))
	_, err = io.ReadAll(r)
	assert.ErrorIs(t, err, bucket.ErrChanged)
}

func TestSwap_waitsForTheLockUntilItsContextEnds(t *testing.T) {
	s := store(t.TempDir())
	b := s.At(t, "")
	require.NoError(t, b.Put(t.Context(), "state.json", []byte("{}")))
	unlock := holdLock(t, filepath.Join(string(s), ".dagferry-lock"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := b.Swap(ctx, "state.json", []byte("{}"), "")
	assert.Equal(t, fault.Transient, fault.Of(err))
	unlock()
	require.NoError(t, b.Put(t.Context(), "state.json", []byte("{}")))
}

func TestSwap_takesOverWhatACrashLeft(t *testing.T) {
	s := store(t.TempDir())
	s.Upload(t, ".dagferry-unfinished", []byte("a long half of a state"))
	b := s.At(t, "")
	assert.Empty(t, objects(t, b))
	_, err := b.Swap(t.Context(), "state.json", []byte("{}"), "")
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(string(s), "state.json"))
	require.NoError(t, err)
	assert.Equal(t, "{}", string(got))
}

func TestSwap_staysInside(t *testing.T) {
	s := store(t.TempDir())
	b := s.At(t, "state")
	for _, key := range []string{"../state.json", "a/../../state.json"} {
		_, err := b.Swap(t.Context(), key, []byte("{}"), "")
		assert.Error(t, err, key)
		_, err = b.Get(t.Context(), key)
		assert.Error(t, err, key)
	}
	assert.NoFileExists(t, filepath.Join(string(s), "state.json"))
}

func TestOpen_refusesWhatIsNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for _, path := range []string{"", "file://", file} {
		_, err := dir.Open(path, dir.Options{})
		require.Error(t, err)
		assert.Equal(t, fault.Denied, fault.Of(err))
	}
	b, err := dir.Open("file:///some/where/", dir.Options{})
	require.NoError(t, err)
	assert.Equal(t, "file:///some/where/a b.py", b.URL("a b.py"))
}

func TestList_stampIsTheClockInWholeSeconds(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 987e6, time.UTC)
	b, err := dir.Open(t.TempDir(), dir.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	l, err := b.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, bucket.Stamp{Date: now.Truncate(time.Second), Began: now, Arrived: now}, l.At)
}
