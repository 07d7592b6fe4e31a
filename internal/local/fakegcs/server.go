// Package fakegcs starts fake-gcs-server for tests: it lists in pages, numbers generations, reads one of them, and
// compares ifGenerationMatch when it writes. It is not Cloud Storage: it takes any credentials, limits no rate, holds
// back no key, keeps names that Cloud Storage refuses, and its refusals are worded otherwise. What Cloud Storage answers
// in such cases is in the adapter's own tests.
package fakegcs

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dagferry/dagferry/internal/local"
)

const (
	// startTime is a hundred times what a start takes: tests share their cores.
	startTime = 15 * time.Second
	// starts is how often a start is tried: a port that was free may be somebody's before the server has it.
	starts = 3
)

// Server is a running fake-gcs-server. It keeps everything in memory.
type Server struct {
	// Endpoint is its URL.
	Endpoint string

	process *local.Process
}

// Option changes how a server starts.
type Option func(*settings)

type settings struct{ env, args []string }

// WithPubSub publishes what happens below a prefix of every bucket to a topic of a Pub/Sub emulator, by Cloud Storage's
// names for it; address is the emulator's host and port.
func WithPubSub(address, project, topic, prefix string) Option {
	return func(s *settings) {
		s.env = append(s.env, "PUBSUB_EMULATOR_HOST="+address)
		s.args = append(s.args, "-event.pubsub-project-id", project, "-event.pubsub-topic", topic,
			"-event.object-prefix", prefix, "-event.list", "finalize,delete,metadataUpdate,archive")
	}
}

// Start starts a server that ends with the test.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	server, err := start(t.Context(), options...)
	if err != nil {
		t.Fatalf("start fake-gcs-server: %v", err)
	}
	t.Cleanup(func() {
		if err := server.process.Stop(); err != nil {
			t.Errorf("stop fake-gcs-server: %v", err)
		}
	})
	return server
}

// shared is the one server of a test process. It is a global because the process is what it belongs to: it ends when
// the process does, by its leash.
var shared = sync.OnceValues(func() (*Server, error) { return start(context.Background()) }) //nolint:gochecknoglobals // as said

// Shared is a server that all tests of the process use, each with buckets of its own.
func Shared(t testing.TB) *Server {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("start fake-gcs-server: %v", err)
	}
	return server
}

func start(ctx context.Context, options ...Option) (*Server, error) {
	binary, err := local.Tool("DAGFERRY_FAKE_GCS", "bin/fake-gcs-server")
	if err != nil {
		return nil, err
	}
	var set settings
	for _, o := range options {
		o(&set)
	}
	for range starts {
		var server *Server
		if server, err = try(ctx, binary, set); err == nil {
			return server, nil
		}
	}
	return nil, err
}

func try(ctx context.Context, binary string, set settings) (*Server, error) {
	address, err := local.FreeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	command := append([]string{
		binary, "-scheme", "http", "-host", host, "-port", port, "-public-host", address, "-backend", "memory", "-log-level", "warn",
	}, set.args...)
	process, err := local.Run(set.env, command...)
	if err != nil {
		return nil, err
	}
	s := &Server{Endpoint: "http://" + address, process: process}
	ready, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	err = process.Ready(ready, func(ctx context.Context) error {
		return s.call(ctx, http.MethodGet, "/storage/v1/b?project=test", "", nil)
	})
	if err != nil {
		process.Stop() //nolint:errcheck // the first error tells more
		return nil, err
	}
	return s, nil
}

// Env is the environment of a process that shall use the server as if it were Cloud Storage.
func (s *Server) Env() []string { return []string{"STORAGE_EMULATOR_HOST=" + s.Endpoint} }

// Bucket makes a bucket and returns its name. It is gone with the server.
func (s *Server) Bucket(t testing.TB) string { return s.bucket(t, false) }

// Versioned makes a bucket that keeps noncurrent versions.
func (s *Server) Versioned(t testing.TB) string { return s.bucket(t, true) }

func (s *Server) bucket(t testing.TB, versions bool) string {
	t.Helper()
	name := "test-" + strings.ToLower(rand.Text())
	body, err := json.Marshal(map[string]any{"name": name, "versioning": map[string]bool{"enabled": versions}})
	if err == nil {
		err = s.call(t.Context(), http.MethodPost, "/storage/v1/b?project=test", "application/json", body)
	}
	if err != nil {
		t.Fatalf("make a bucket: %v", err)
	}
	return name
}

// Upload writes an object as authors' tools do: unconditionally. It may be called from any goroutine.
func (s *Server) Upload(t testing.TB, bucket, key string, data []byte) {
	path := "/upload/storage/v1/b/" + bucket + "/o?" + url.Values{"uploadType": {"media"}, "name": {key}}.Encode()
	if err := s.call(t.Context(), http.MethodPost, path, "application/octet-stream", data); err != nil {
		t.Errorf("upload %q: %v", key, err)
	}
}

// Delete removes an object.
func (s *Server) Delete(t testing.TB, bucket, key string) {
	t.Helper()
	if err := s.call(t.Context(), http.MethodDelete, "/storage/v1/b/"+bucket+"/o/"+url.PathEscape(key), "", nil); err != nil {
		t.Fatalf("delete %q: %v", key, err)
	}
}

func (s *Server) call(ctx context.Context, method, path, kind string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, method, s.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return nil
}
