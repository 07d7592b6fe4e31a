// Package moto starts moto_server for tests: it answers for Secrets Manager, SSM and SQS. It checks no permissions, and
// its S3 takes a wrong checksum, so that it is no evidence for either.
package moto

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/dagferry/dagferry/internal/local"
)

const (
	region = "us-east-1"
	// startTime: Python takes a second to import moto, and tests share their cores.
	startTime = 30 * time.Second
	// starts is how often a start is tried: a port that was free may be somebody's before moto has it.
	starts = 3
)

// Server is a running moto_server. All services share its one endpoint.
type Server struct {
	// Endpoint is its URL.
	Endpoint string

	process *local.Process
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	server, err := start(t.Context())
	if err != nil {
		t.Fatalf("start moto: %v", err)
	}
	t.Cleanup(func() {
		if err := server.process.Stop(); err != nil {
			t.Errorf("stop moto: %v", err)
		}
	})
	return server
}

// shared is the one server of a test process. It is a global because the process is what it belongs to: it ends when
// the process does, by its leash.
var shared = sync.OnceValues(func() (*Server, error) { return start(context.Background()) }) //nolint:gochecknoglobals // as said

// Shared is a server that all tests of the process use. Its secrets, parameters and queues are everybody's: give
// them names of your own.
func Shared(t testing.TB) *Server {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("start moto: %v", err)
	}
	return server
}

func start(ctx context.Context) (*Server, error) {
	binary, err := local.Tool("DAGFERRY_MOTO", "venv/moto/bin/moto_server")
	if err != nil {
		return nil, err
	}
	for range starts {
		var server *Server
		if server, err = try(ctx, binary); err == nil {
			return server, nil
		}
	}
	return nil, err
}

func try(ctx context.Context, binary string) (*Server, error) {
	address, err := local.FreeAddress()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(address)
	process, err := local.Run(nil, binary, "-H", host, "-p", port)
	if err != nil {
		return nil, err
	}
	s := &Server{Endpoint: "http://" + address, process: process}
	ready, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := process.Ready(ready, s.probe); err != nil {
		process.Stop() //nolint:errcheck // the first error tells more
		return nil, err
	}
	return s, nil
}

// probe asks for a page that moto alone has.
func (s *Server) probe(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint+"/moto-api/data.json", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("moto answers %s", answer.Status)
	}
	return nil
}

// Config is an SDK configuration for the server, for whatever takes one. moto takes any credentials.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       region,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: &s.Endpoint,
	}
}

// Env is the environment of a process that shall use the server for every AWS service.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.Endpoint,
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION=" + region,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}
