package buckettest

import (
	"bytes"
	"crypto/rand"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

func openPinned(t *testing.T, s Store, _ Traits) {
	b := s.At(t, "dags/")
	s.Upload(t, "dags/a.py", []byte("one"))
	one := find(t, b, "a.py")
	got, err := read(t, b, one)
	require.NoError(t, err)
	assert.Equal(t, "one", string(got))

	s.Upload(t, "dags/a.py", []byte("two"))
	got, err = read(t, b, one)
	require.ErrorIsf(t, err, bucket.ErrChanged, "read %q of another version", got)
	assert.ErrorContains(t, err, b.URL("a.py"))
	assert.Equal(t, fault.Transient, fault.Of(err))

	two := find(t, b, "a.py")
	s.Delete(t, "dags/a.py")
	_, err = read(t, b, two)
	require.ErrorIs(t, err, bucket.ErrChanged, "deleted")

	_, err = read(t, s.At(t, "gone/"), two)
	require.ErrorIs(t, err, bucket.ErrChanged, "the folder is gone as well")
}

// openWhileChanging: a reader gets one version whole or ErrChanged, never some of each.
func openWhileChanging(t *testing.T, s Store, _ Traits) {
	old, next := noise(t, 8<<20), noise(t, 8<<20)
	b := s.At(t, "dags/")
	s.Upload(t, "dags/large.bin", old)
	r, err := b.Open(t.Context(), find(t, b, "large.bin"))
	require.NoError(t, err)
	defer r.Close() //nolint:errcheck // only read from
	head := make([]byte, 1000)
	_, err = io.ReadFull(r, head)
	require.NoError(t, err)

	var uploaded sync.WaitGroup
	uploaded.Go(func() { s.Upload(t, "dags/large.bin", next) }) // beside the read: a store may make a writer wait for it
	rest, err := io.ReadAll(r)
	if err == nil {
		assert.True(t, bytes.Equal(old, append(head, rest...)), "a mix of two versions was read as one")
	} else {
		assert.ErrorIs(t, err, bucket.ErrChanged)
	}
	uploaded.Wait()
	got, err := read(t, b, find(t, b, "large.bin"))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(next, got))
}

func openBytes(t *testing.T, s Store, _ Traits) {
	b := s.At(t, "dags/")
	for key, data := range map[string][]byte{
		"empty": {}, "nul": {0, 0, 0}, "text": []byte("a\r\nb\n"), "gzip.gz": {0x1f, 0x8b, 8, 0}, "megabyte": noise(t, 1<<20),
	} {
		s.Upload(t, "dags/"+key, data)
		o := find(t, b, key)
		assert.EqualValues(t, len(data), o.Size)
		got, err := read(t, b, o)
		require.NoError(t, err)
		assert.Truef(t, bytes.Equal(data, got), "%s is read as it was written", key)
	}
}

func get(t *testing.T, s Store, _ Traits) {
	b := s.At(t, "state/")
	v, err := b.Get(t.Context(), "a/state.json")
	require.ErrorIs(t, err, bucket.ErrNotExist)
	assert.ErrorContains(t, err, b.URL("a/state.json"))
	assert.False(t, v.At.IsZero(), "the first run of all needs the store's time too")

	s.Upload(t, "state/a/state.json", []byte("{}"))
	v, err = b.Get(t.Context(), "a/state.json")
	require.NoError(t, err)
	assert.Equal(t, "{}", string(v.Data))
	assert.NotEmpty(t, v.Version)

	_, err = b.Get(t.Context(), "a/state.json/below")
	require.ErrorIs(t, err, bucket.ErrNotExist)
}

func noise(t *testing.T, size int) []byte {
	t.Helper()
	data := make([]byte, size)
	_, err := rand.Read(data)
	require.NoError(t, err)
	return data
}
