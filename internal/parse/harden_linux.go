package parse

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// HardenProcess keeps other processes of the same user, and so a worker that has been taken over, from reading this
// one's memory and environment, where the token is. Hosts call it before anything else.
func HardenProcess() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("make the process undumpable: %w", err)
	}
	return nil
}
