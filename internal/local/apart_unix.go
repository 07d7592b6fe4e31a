//go:build unix

package local

import "syscall"

// Apart keeps a ctrl-C at the terminal from a process that this one starts: it is for this one, which then ends the other in order.
func Apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
