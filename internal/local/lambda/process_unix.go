//go:build unix

package lambda

import "syscall"

// apart keeps a ctrl-C at the terminal from the instances: it is for this process, which then ends them in order.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
