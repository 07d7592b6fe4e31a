//go:build !unix

package local

import "syscall"

// Apart is for systems with process groups.
func Apart() *syscall.SysProcAttr { return nil }
