package fakegcs

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"
)

// Start starts a server that ends with the test.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	server, err := New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// shared is the one server of a test process. It is a global because the process is what it belongs to.
var shared = sync.OnceValues(func() (*Server, error) { return New() }) //nolint:gochecknoglobals // as said

// Shared is a server that all tests of the process use, each with buckets of its own.
func Shared(t testing.TB) *Server {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// Bucket makes a bucket and returns its name. It is gone with the server.
func (s *Server) Bucket(t testing.TB) string { return s.bucket(t, false) }

// Versioned makes a bucket that keeps noncurrent versions.
func (s *Server) Versioned(t testing.TB) string { return s.bucket(t, true) }

func (s *Server) bucket(t testing.TB, versions bool) string {
	t.Helper()
	name := "test-" + strings.ToLower(rand.Text())
	s.Create(name, versions)
	return name
}

// Upload writes an object as authors' tools do: unconditionally. It may be called from any goroutine.
func (s *Server) Upload(t testing.TB, bucket, key string, data []byte) {
	if err := s.Write(t.Context(), bucket, key, data); err != nil {
		t.Errorf("upload %q: %v", key, err)
	}
}

// Delete removes an object.
func (s *Server) Delete(t testing.TB, bucket, key string) {
	t.Helper()
	if err := s.Remove(t.Context(), bucket, key); err != nil {
		t.Fatalf("delete %q: %v", key, err)
	}
}
