// Package fakegcs is fake-gcs-server for tests and the demo: it lists in pages, numbers generations, reads one of them,
// and compares ifGenerationMatch when it writes. It is not Cloud Storage: it takes any credentials, limits no rate, holds
// back no key, keeps names that Cloud Storage refuses, and its refusals are worded otherwise. What Cloud Storage answers
// in such cases is in the adapter's own tests.
package fakegcs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// Server is a running fake-gcs-server. It keeps everything in memory.
type Server struct {
	// Endpoint is its URL.
	Endpoint string

	server *fakestorage.Server
}

// Option changes how a server starts.
type Option func(*settings)

type settings struct {
	events   fakestorage.EventManagerOptions
	emulator string
}

// WithPubSub publishes what happens below a prefix of every bucket to a topic of a Pub/Sub emulator, by Cloud Storage's
// names for it; address is the emulator's host and port.
func WithPubSub(address, project, topic, prefix string) Option {
	return func(s *settings) {
		s.emulator = address
		s.events = fakestorage.EventManagerOptions{
			ProjectID: project, TopicName: topic, ObjectPrefix: prefix,
			NotifyOn: fakestorage.EventNotificationOptions{Finalize: true, Delete: true, MetadataUpdate: true, Archive: true},
		}
	}
}

// New starts a server on a free port of this machine.
func New(options ...Option) (*Server, error) {
	var set settings
	for _, o := range options {
		o(&set)
	}
	server, err := set.start()
	if err != nil {
		return nil, fmt.Errorf("start fake-gcs-server: %w", err)
	}
	return &Server{Endpoint: server.URL(), server: server}, nil
}

// emulator is the client library's variable for the emulator's address, which it reads when a server with notifications
// is made, and never again.
const emulator = "PUBSUB_EMULATOR_HOST"

var environment sync.Mutex //nolint:gochecknoglobals // the environment is one for the process

func (s settings) start() (*fakestorage.Server, error) {
	if s.emulator != "" {
		environment.Lock()
		defer environment.Unlock()
		before, was := os.LookupEnv(emulator)
		if err := os.Setenv(emulator, s.emulator); err != nil {
			return nil, err
		}
		defer func() {
			_ = os.Unsetenv(emulator) // its name is in order
			if was {
				_ = os.Setenv(emulator, before)
			}
		}()
	}
	return fakestorage.NewServerWithOptions(fakestorage.Options{
		Scheme: "http", Host: "127.0.0.1", EventOptions: s.events,
		PublicHost: "127.0.0.1", // so that signed URLs, which say /bucket/key, are read here
	})
}

// Close ends the server, and everything in it is gone.
func (s *Server) Close() error {
	s.server.Stop()
	return nil
}

// Env is the environment of a process that shall use the server as if it were Cloud Storage.
func (s *Server) Env() []string { return []string{"STORAGE_EMULATOR_HOST=" + s.Endpoint} }

// Create makes a bucket; versions has it keep noncurrent ones.
func (s *Server) Create(bucket string, versions bool) {
	s.server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket, VersioningEnabled: versions})
}

// Write writes an object as authors' tools do: unconditionally.
func (s *Server) Write(ctx context.Context, bucket, key string, data []byte) error {
	path := "/upload/storage/v1/b/" + bucket + "/o?" + url.Values{"uploadType": {"media"}, "name": {key}}.Encode()
	return s.call(ctx, http.MethodPost, path, data)
}

// Remove removes an object.
func (s *Server) Remove(ctx context.Context, bucket, key string) error {
	return s.call(ctx, http.MethodDelete, "/storage/v1/b/"+bucket+"/o/"+url.PathEscape(key), nil)
}

func (s *Server) call(ctx context.Context, method, path string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, method, s.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/octet-stream")
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
