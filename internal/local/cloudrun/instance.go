package cloudrun

import (
	"errors"
	"fmt"
	"net"
	"net/http/httputil"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dagferry/dagferry/internal/local"
)

// instance is one process.
type instance struct {
	cmd    *exec.Cmd
	proxy  *httputil.ReverseProxy
	exited chan struct{} // closed when the process is gone
	err    error         // how it went, once exited is closed
}

// start starts a process, and waits until it listens.
func (s *Service) start() (*instance, error) {
	address, err := local.FreeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	i := &instance{cmd: exec.Command(s.options.Path), proxy: proxy(address), exited: make(chan struct{})} //nolint:gosec // running it is what this package is for
	i.cmd.Dir = s.options.Dir
	if i.cmd.Dir == "" {
		i.cmd.Dir = filepath.Dir(s.options.Path)
	}
	i.cmd.Env = []string{
		"HOST=" + host, "PORT=" + port, "K_SERVICE=dagferry", "K_REVISION=dagferry-00001", "K_CONFIGURATION=dagferry",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + i.cmd.Dir,
	}
	for name, value := range s.options.Env {
		i.cmd.Env = append(i.cmd.Env, name+"="+value)
	}
	i.cmd.Stdout, i.cmd.Stderr = s.log, s.log
	i.cmd.WaitDelay = time.Second // what it started may hold its stdout open; its own end is what counts
	i.cmd.SysProcAttr = local.Apart()
	if err := i.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the instance: %w", err)
	}
	go func() {
		i.err = i.cmd.Wait()
		close(i.exited)
	}()
	if err := i.listens(address); err != nil {
		i.kill()
		return nil, err
	}
	return i, nil
}

func (i *instance) listens(address string) error {
	for deadline := time.Now().Add(startTimeout); ; {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-i.exited:
			return fmt.Errorf("the instance ended before it listened: %w", errors.Join(i.err, err))
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the instance did not listen on PORT within %s", startTimeout)
		}
	}
}

// alive reports whether the process is there; of no process it is not.
func (i *instance) alive() bool {
	if i == nil {
		return false
	}
	select {
	case <-i.exited:
		return false
	default:
		return true
	}
}

// kill ends the process, by its own pid. A process that is gone already is no error.
func (i *instance) kill() {
	_ = i.cmd.Process.Kill()
	<-i.exited
}

func (i *instance) terminate() error {
	_ = i.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-i.exited:
		return i.err
	case <-time.After(stopTimeout):
		i.kill()
		return fmt.Errorf("the instance was killed %s after SIGTERM", stopTimeout)
	}
}
