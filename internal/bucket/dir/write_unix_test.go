//go:build unix

package dir

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/dagferry/dagferry/internal/fault"
)

func TestUnwritten_whatOnlyAnOperatorCanChangeIsDenied(t *testing.T) {
	for _, refusal := range []error{unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOTDIR, unix.ENOSPC, unix.EDQUOT} {
		err := unwritten(&fs.PathError{Op: "write", Path: "state.json", Err: refusal})
		assert.Equal(t, fault.Denied, fault.Of(err), refusal)
		assert.ErrorContains(t, err, "make it writable, or free space")
		assert.ErrorIs(t, err, refusal)
	}
	assert.Equal(t, fault.Broken, fault.Of(unwritten(unix.EIO)), "nobody knows what a failing disk kept")
	assert.Equal(t, fault.Transient, fault.Of(unwritten(context.DeadlineExceeded)))
}

func TestSwap_unwritableFolderIsDenied(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, root string){
		"a file where the directory has to be": func(t *testing.T, root string) {
			require.NoError(t, os.WriteFile(root, nil, 0o644))
		},
		"a file where the folder has to be": func(t *testing.T, root string) {
			require.NoError(t, os.Mkdir(root, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(root, "d"), nil, 0o644))
		},
		"no leave": func(t *testing.T, root string) {
			if os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			require.NoError(t, os.Mkdir(root, 0o555))
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "state")
			b, err := Open(root, Options{})
			require.NoError(t, err)
			spoil(t, root)
			_, swapped := b.Swap(t.Context(), "d/state.json", []byte("{}"), "")
			for _, err := range []error{swapped, b.Put(t.Context(), "d/state.json", []byte("{}"))} {
				require.Error(t, err)
				assert.Equal(t, fault.Denied, fault.Of(err), err)
				assert.ErrorContains(t, err, b.URL("d/state.json")+": make it writable, or free space: ")
			}
		})
	}
}
