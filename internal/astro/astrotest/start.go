package astrotest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// TB is what Start needs of a *testing.T. It keeps package testing, and its flags, out of programs.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start serves on a free port of the loopback interface until the test ends. See URL.
func Start(t TB, o Options) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	s := New(o)
	s.url, s.host = "http://"+l.Addr().String()+"/v1", l.Addr().String()
	t.Cleanup(s.serve(l))
	return s
}

// Pipe serves without a network, for tests in a testing/synctest bubble, where sockets would stop the time. The
// transport reaches the server at URL, and uploads too.
func Pipe(t TB, o Options) (*Server, *http.Transport) {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	s := New(o)
	s.url = "http://localhost/v1"
	transport := &http.Transport{DialContext: l.dial}
	stop := s.serve(l)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
	})
	return s, transport
}

// URL is the API's base, /v1 included, of a server that Start or Pipe serves.
func (s *Server) URL() string { return s.url }

func (s *Server) serve(l net.Listener) (stop func()) {
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Close
	}()
	return func() {
		close(s.closed)
		_ = server.Close() // what is still running ends with s.closed
		<-done
	}
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, address string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: fmt.Errorf("connect to %s: %w", address, net.ErrClosed)}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; http.Server calls it once.
func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
