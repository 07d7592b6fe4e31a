package dir

import (
	"context"
	"os"
	"time"
)

const (
	lockName = hidden + "lock"
	// lockPoll is short beside what a lock is held for, the two fsyncs of a write: 1 to 20 ms on a disk.
	lockPoll = 2 * time.Millisecond
)

// lock waits for the folder's lock. The system drops it when the process ends, whatever way, so that no lock is ever
// stale; the file itself stays, since removing it would let two processes lock two files of one name.
func lock(ctx context.Context, folder *os.Root) (unlock func(), err error) {
	file, err := folder.OpenFile(lockName, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	for {
		taken, err := tryLock(file)
		if err == nil && !taken {
			err = ctx.Err()
		}
		if err != nil {
			file.Close() //nolint:errcheck // the first error tells more
			return nil, err
		}
		if taken {
			return func() { file.Close() }, nil //nolint:errcheck // closing unlocks, nothing was written
		}
		select {
		case <-ctx.Done():
		case <-time.After(lockPoll):
		}
	}
}
