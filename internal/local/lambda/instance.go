package lambda

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/dagferry/dagferry/internal/local"
)

// instance is one execution environment: a process, and a Runtime API of its own.
type instance struct {
	function *Function
	cmd      *exec.Cmd
	server   *http.Server
	work     chan *call
	ready    chan struct{} // closed at the first request for an event
	exited   chan struct{} // closed when the process is gone

	mu        sync.Mutex
	asked     bool // for its first event
	extension bool // is registered, so that SIGTERM comes before SIGKILL
	current   *call
	initError *FunctionError
	exit      string // how the process ended
}

// start starts a process. The function's lock is held.
func (f *Function) start() (*instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Runtime API: %w", err)
	}
	i := &instance{function: f, work: make(chan *call), ready: make(chan struct{}), exited: make(chan struct{})}
	i.server = &http.Server{Handler: i.handler(), ReadHeaderTimeout: 10 * time.Second}
	i.cmd = exec.Command(f.options.Path) //nolint:gosec // running it is what this package is for
	i.cmd.Dir = filepath.Dir(f.options.Path)
	i.cmd.Env = f.environment(listener.Addr().String(), time.Now().UTC().Format("2006/01/02/[$LATEST]")+newID())
	i.cmd.Stdout, i.cmd.Stderr = f.log, f.log
	// What the bootstrap started may hold its stdout open; its own end is what counts.
	i.cmd.WaitDelay = shutdownTimeout
	i.cmd.SysProcAttr = local.Apart()
	if err := i.cmd.Start(); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("start bootstrap: %w", err)
	}
	go func() { _ = i.server.Serve(listener) }()
	go i.wait()
	return i, nil
}

// wait waits for the process's end, whoever caused it.
func (i *instance) wait() {
	err := i.cmd.Wait()
	i.function.drop(i)
	_ = i.server.Close()
	i.mu.Lock()
	i.exit = "Runtime exited without providing a reason"
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		i.exit = "Runtime exited with error: " + exit.Error()
	}
	i.mu.Unlock()
	close(i.exited)
}

// run gives a call to the instance and watches over it until the instance asks for the next one: a deadline holds for
// that long, not only until the answer.
func (i *instance) run(c *call, timeout time.Duration) {
	defer close(c.over)
	if !i.init(c) {
		return
	}
	c.deadline = time.Now().Add(timeout)
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case i.work <- c:
	case <-i.exited:
		c.finish(nil, i.exitError(c.id))
		return
	}
	select {
	case <-c.ended:
	case <-i.exited:
		c.finish(nil, i.exitError(c.id))
	case <-timer.C:
		i.kill()
		<-i.exited
		c.finish(nil, timedOut(c.id, timeout))
	}
}

// init waits until the instance asks for its first event.
func (i *instance) init(c *call) bool {
	timer := time.NewTimer(initTimeout)
	defer timer.Stop()
	select {
	case <-i.ready:
		return true
	case <-i.exited:
		c.finish(nil, i.exitError(c.id))
	case <-timer.C:
		i.kill()
		<-i.exited
		c.finish(nil, timedOut(c.id, initTimeout))
	}
	return false
}

func (i *instance) exitError(id string) *FunctionError {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.initError != nil {
		return i.initError
	}
	return &FunctionError{Type: "Runtime.ExitError", Message: "RequestId: " + id + " Error: " + i.exit}
}

// running is the request id of the call at work.
func (i *instance) running() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil {
		return ""
	}
	return i.current.id
}

// kill ends the process, by its own pid, with SIGKILL. A process that is gone already is no error.
func (i *instance) kill() {
	i.function.drop(i)
	_ = i.cmd.Process.Kill()
}

// shutdown ends the process as Lambda does: SIGTERM only if it has an extension, then SIGKILL.
func (i *instance) shutdown() {
	i.function.drop(i)
	i.mu.Lock()
	gentle := i.extension
	i.mu.Unlock()
	if gentle {
		_ = i.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-i.exited:
			return
		case <-time.After(shutdownTimeout):
		}
	}
	_ = i.cmd.Process.Kill()
	<-i.exited
}
