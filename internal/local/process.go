// Package local runs real servers for tests: minio and moto below it say which. It exists since a test that ends badly
// (a time-out's panic, a kill) runs no cleanup, and must leave no server behind all the same.
package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Process is a server and the shell that watches over it.
type Process struct {
	shell *exec.Cmd
	leash io.Closer
	log   *buffer
	ended chan struct{}
}

// watch runs the server given as its arguments until its own input ends, which happens when Stop closes it or when
// the process that started it is gone, however it went. Then, or when the server ends by itself, it removes the
// directory. Only the server has the outputs: writing of the server's end to a process that is gone would end the
// shell, and a watcher that kept them would keep one who reads them to their end.
const watch = `dir=$1; shift
"$@" 3<&- & server=$!
exec >/dev/null 2>&1
( cat; kill -KILL $server ) <&3 & watcher=$!
exec 3<&-
wait $server
kill -KILL $watcher
cd / && rm -rf "$dir"`

// Run starts a server in a new, empty working directory, with the environment given and nothing else.
func Run(env []string, command ...string) (*Process, error) {
	dir, err := os.MkdirTemp("", "dagferry-test-")
	if err != nil {
		return nil, err
	}
	in, leash, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer in.Close() //nolint:errcheck // the shell has its own
	p := &Process{leash: leash, log: &buffer{}, ended: make(chan struct{})}
	p.shell = exec.Command("/bin/sh", append([]string{"-c", watch, "sh", dir}, command...)...) //nolint:gosec // the servers that tests name
	p.shell.Dir, p.shell.ExtraFiles = dir, []*os.File{in}
	p.shell.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...)
	p.shell.Stdout, p.shell.Stderr = p.log, p.log
	if err := p.shell.Start(); err != nil {
		return nil, errors.Join(err, leash.Close(), os.RemoveAll(dir))
	}
	go func() {
		p.shell.Wait() //nolint:errcheck // a killed server's status says nothing
		close(p.ended)
	}()
	return p, nil
}

// Ready waits until the probe succeeds. It fails when the server ends before, or does not get there in time.
func (p *Process) Ready(ctx context.Context, probe func(context.Context) error) error {
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("the server ended: %s", p.log)
		case <-ctx.Done():
			return fmt.Errorf("the server does not get ready: %w: %s", err, p.log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop kills the server and removes its directory.
func (p *Process) Stop() error {
	err := p.leash.Close()
	<-p.ended
	return err
}

// FreeAddress is a port of the loopback interface that nobody listened to a moment ago.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// Tool is a program that `make tools` puts into .cache of this module, or where the environment's variable says.
func Tool(variable, path string) (string, error) {
	if named := os.Getenv(variable); named != "" {
		return named, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the module's root: there is no go.mod above the working directory")
		}
	}
	tool := filepath.Join(dir, ".cache", filepath.FromSlash(path))
	if _, err := os.Stat(tool); err != nil {
		return "", fmt.Errorf("find %s: run `make tools`, or say in %s where it is: %w", path, variable, err)
	}
	return tool, nil
}

// buffer keeps the beginning of what a server says.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.text.Len() < 64<<10 {
		b.text.Write(p)
	}
	return len(p), nil
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.TrimSpace(b.text.String())
}
