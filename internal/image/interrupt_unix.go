//go:build unix

package image

import (
	"os"
	"syscall"
)

// interrupt asks a builder to end, as ctrl-C does.
func interrupt(p *os.Process) error { return p.Signal(syscall.SIGINT) }
