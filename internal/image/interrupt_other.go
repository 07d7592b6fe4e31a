//go:build !unix

package image

import "os"

// interrupt ends a builder: other systems have no way to ask.
func interrupt(p *os.Process) error { return p.Kill() }
