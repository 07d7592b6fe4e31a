package dir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// tryLock uses the system's lock and not a file whose existence is one, which a crash would leave behind.
func tryLock(file *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(file.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lock %s: %w", file.Name(), err)
	default:
		return true, nil
	}
}

// syncFolder does nothing: a folder cannot be flushed here, NTFS journals the rename.
func syncFolder(*os.Root) error { return nil }

// etag has no inode, which Windows tells only of an opened file.
func etag(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano())
}

// needsOperator: no leave, no space, or no folder where one has to be.
func needsOperator(err error) bool {
	for _, refusal := range []error{
		windows.ERROR_ACCESS_DENIED, windows.ERROR_WRITE_PROTECT, windows.ERROR_PATH_NOT_FOUND, windows.ERROR_DISK_FULL,
		windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED,
		fs.ErrExist, // of making a folder: a file stands there
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

func isNotDirectory(err error) bool { return errors.Is(err, windows.ERROR_PATH_NOT_FOUND) }
