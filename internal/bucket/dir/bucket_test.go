package dir_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/buckettest"
	"github.com/dagferry/dagferry/internal/bucket/dir"
)

func TestBucket(t *testing.T) {
	buckettest.Run(t, buckettest.Traits{Control: runtime.GOOS != "windows"}, func(t testing.TB) buckettest.Store {
		return store(t.TempDir())
	})
}

// store is a directory, written as a plain copy does: in place. An upload waits for the file system's clock to tick,
// where that is coarser than the test: two edits within a tick are what the package says it cannot see.
type store string

func (s store) At(t testing.TB, prefix string) bucket.Bucket {
	t.Helper()
	b, err := dir.Open(filepath.Join(string(s), filepath.FromSlash(prefix)), dir.Options{})
	require.NoError(t, err)
	return b
}

func (s store) Upload(t testing.TB, key string, data []byte) {
	name := filepath.Join(string(s), filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Error(err)
	}
	before, _ := os.Stat(name)
	for {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Error(err)
			return
		}
		after, err := os.Stat(name)
		if err != nil || before == nil || !after.ModTime().Equal(before.ModTime()) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (s store) Delete(t testing.TB, key string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(string(s), filepath.FromSlash(key))))
}
