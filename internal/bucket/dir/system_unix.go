//go:build unix

package dir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func tryLock(file *os.File) (bool, error) {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK), errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lock %s: %w", file.Name(), err)
	default:
		return true, nil
	}
}

// syncFolder makes a rename last through a crash of the machine.
func syncFolder(folder *os.Root) error {
	self, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer self.Close() //nolint:errcheck // only read from
	return self.Sync()
}

func etag(info fs.FileInfo) string {
	var inode uint64
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = stat.Ino
	}
	return fmt.Sprintf("%d-%d-%d", info.Size(), info.ModTime().UnixNano(), inode)
}

// needsOperator: no leave, no space, or no folder where one has to be.
func needsOperator(err error) bool {
	for _, refusal := range []error{
		unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOTDIR, unix.ENOSPC, unix.EDQUOT,
		fs.ErrExist, // of making a folder: a file stands there
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

func isNotDirectory(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
