package syncer_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/syncer"
)

func (w *world) cachePath() string { return filepath.Join(w.st, deployment, "cache", "bundle") }

// A cache that is damaged, or of another time, is not used, and made anew.
func TestCache_damagedOneIsDropped(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"a bit":   func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"empty":   func([]byte) []byte { return nil },
		"half":    func(b []byte) []byte { return b[:len(b)/2] },
		"another": func([]byte) []byte { return []byte("something else") },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("a.py", "a")
				w.write("b.py", "b")
				w.after(syncer.Deployed)
				good, err := os.ReadFile(w.cachePath())
				require.NoError(w, err)
				require.NoError(w, os.WriteFile(w.cachePath(), damage(good), 0o600))
				wait(time.Minute)
				w.write("a.py", "new")
				var read []string
				w.opened = func(key string) { read = append(read, key) }
				w.after(syncer.Deployed)
				assert.ElementsMatch(w, []string{"a.py", "b.py"}, read)
				w.same([]int64{3, 1}, w.sizes())

				read = nil
				wait(time.Minute)
				w.write("a.py", "newer")
				w.after(syncer.Deployed)
				assert.Equal(w, []string{"a.py"}, read, "it is there again")
			})
		})
	}
}

// A cache whose hash is right and whose contents are not ends the run, and the next one is without it.
func TestCache_lyingOneEndsOneRun(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		long := fmt.Sprintf("# %x\n", rand.Perm(2000)) // so that most of the archive is of it
		w.write("b.py", long)
		w.after(syncer.Deployed)
		lie, err := os.ReadFile(w.cachePath())
		require.NoError(w, err)
		lie[len(lie)-1000] ^= 1
		const head = len("dagferry cache 1\n")
		sum := sha256.Sum256(lie[head+sha256.Size:])
		copy(lie[head:], sum[:])
		require.NoError(w, os.WriteFile(w.cachePath(), lie, 0o600))
		wait(time.Minute)
		w.write("a.py", "new")
		assert.Contains(w, w.after(syncer.Failed).Reason, "cache is damaged")
		w.same([]int64{1, int64(len(long))}, w.sizes())
		w.after(syncer.Deployed)
		w.same([]int64{3, int64(len(long))}, w.sizes())
	})
}

func TestForget_cacheToo(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		target := w.target
		target.State = w.open(w.st)
		require.NoError(w, syncer.Syncer{}.Forget(t.Context(), target))
		left, err := os.ReadFile(w.cachePath())
		require.NoError(w, err)
		assert.Empty(w, left)
	})
}
