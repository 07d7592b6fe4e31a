// Package minio starts a real S3 server for tests: MinIO, which has the conditional reads and writes that S3 has, and
// webhooks. It is not S3: what it does is evidence for the protocol's requests, not for IAM or for delivery times.
package minio

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/dagferry/dagferry/internal/local"
)

const (
	region = "us-east-1"
	// startTime is thirty times what a start takes: tests share their cores.
	startTime = 15 * time.Second
	// starts is how often a start is tried: a port that was free may be somebody's before MinIO has it.
	starts = 3
)

// Server is a running MinIO.
type Server struct {
	// Endpoint is its URL.
	Endpoint string
	// AccessKey and SecretKey are the root user's. They are new for each server, so that no test can talk to
	// another's by mistake.
	AccessKey, SecretKey string

	process *local.Process
}

// Option changes how a server starts.
type Option func(*settings)

type settings struct{ env []string }

// WithWebhook makes a target for bucket notifications of a URL; Server.Notify connects a bucket to it.
func WithWebhook(url string) Option {
	return func(s *settings) {
		s.env = append(s.env, "MINIO_NOTIFY_WEBHOOK_ENABLE_T=on", "MINIO_NOTIFY_WEBHOOK_ENDPOINT_T="+url)
	}
}

// Start starts a server that ends with the test. It takes half a second.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	server, err := start(t.Context(), options...)
	if err != nil {
		t.Fatalf("start MinIO: %v", err)
	}
	t.Cleanup(func() {
		if err := server.process.Stop(); err != nil {
			t.Errorf("stop MinIO: %v", err)
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
		t.Fatalf("start MinIO: %v", err)
	}
	return server
}

func start(ctx context.Context, options ...Option) (*Server, error) {
	binary, err := local.Tool("DAGFERRY_MINIO", "bin/minio")
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
	s := &Server{Endpoint: "http://" + address, AccessKey: "root" + strings.ToLower(rand.Text()[:8]), SecretKey: rand.Text()}
	env := append([]string{
		"MINIO_ROOT_USER=" + s.AccessKey, "MINIO_ROOT_PASSWORD=" + s.SecretKey,
		"MINIO_BROWSER=off", "MINIO_UPDATE=off",
	}, set.env...)
	if s.process, err = local.Run(env, binary, "server", "--quiet", "--address", address, "data"); err != nil {
		return nil, err
	}
	ready, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	probe := s.Client(func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	err = s.process.Ready(ready, func(ctx context.Context) error {
		_, err := probe.ListBuckets(ctx, &s3.ListBucketsInput{})
		return err
	})
	if err != nil {
		s.process.Stop() //nolint:errcheck // the first error tells more
		return nil, err
	}
	return s, nil
}

// Config is an SDK configuration for the server, for whatever takes one.
func (s *Server) Config() aws.Config {
	return s.config(credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""))
}

func (s *Server) config(who aws.CredentialsProvider) aws.Config {
	return aws.Config{Region: region, Credentials: who, BaseEndpoint: &s.Endpoint}
}

// Client is the SDK's own client, for what an author or an operator does.
func (s *Server) Client(options ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(s.Config(), append(options, func(o *s3.Options) { o.UsePathStyle = true })...)
}

// Env is the environment of a process that shall use the server as if it were S3.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL_S3=" + s.Endpoint,
		"AWS_ACCESS_KEY_ID=" + s.AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
		"AWS_REGION=" + region,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// Bucket makes a bucket and returns its name. It is gone with the server.
func (s *Server) Bucket(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test-%s", strings.ToLower(rand.Text()))
	if _, err := s.Client().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("make a bucket: %v", err)
	}
	return name
}
