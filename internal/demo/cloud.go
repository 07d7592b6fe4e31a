// Package demo shows the main job on one machine, without an account: an S3 server, a queue, Astro's simulator and
// the real Lambda function, which does not know that it is not in Lambda.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/local/lambda"
	"github.com/dagferry/dagferry/internal/local/queue"
	"github.com/dagferry/dagferry/internal/local/s3server"
)

const (
	dagBucket   = "acme-dags"
	prefix      = "prod/dags/"
	stateBucket = "acme-dagferry"
	deployment  = "demo"
	region      = "us-east-1"

	// functionTimeout is what the Terraform module sets: a run's budget and some.
	functionTimeout = 900 * time.Second
	// queueVisibility is the function's time-out and a minute (docs/protocol.md).
	queueVisibility = functionTimeout + time.Minute
)

// cloud is everything that an upload meets on its way.
type cloud struct {
	astro    *astrotest.Server
	astroURL string
	store    *s3server.Server
	queues   *queue.Server
	events   *queue.Queue
	function *lambda.Function
	s3       *s3.Client

	stopMapping context.CancelFunc
	mapped      sync.WaitGroup
	mapError    error
	closers     []func() error
}

// start starts the servers and the function, in the order in which they need each other.
func start(ctx context.Context, f executable, log io.Writer) (_ *cloud, err error) {
	c := &cloud{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if err = c.startAstro(); err != nil {
		return nil, err
	}
	if err = c.startQueue(); err != nil {
		return nil, err
	}
	if err = c.startStore(); err != nil {
		return nil, err
	}
	if err = c.startFunction(f, log); err != nil {
		return nil, err
	}
	c.startMapping(ctx)
	return c, nil
}

func (c *cloud) startAstro() error {
	c.astro = astrotest.New(astrotest.Options{})
	url, stop, err := serve(c.astro)
	if err != nil {
		return fmt.Errorf("start Astro's simulator: %w", err)
	}
	c.astroURL = url
	c.closers = append(c.closers, stop)
	return nil
}

func (c *cloud) startQueue() (err error) {
	c.queues = queue.NewServer(queue.Options{Region: region})
	if err = c.queues.Start("127.0.0.1:0"); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	c.closers = append(c.closers, c.queues.Close)
	if _, err = c.queues.Create("dagferry-dead", queue.Attributes{}); err != nil {
		return err
	}
	c.events, err = c.queues.Create("dagferry", queue.Attributes{Visibility: queueVisibility, MaxReceives: 50, DeadLetter: "dagferry-dead"})
	return err
}

func (c *cloud) startStore() (err error) {
	c.store, err = s3server.New(s3server.Options{
		Buckets: []string{dagBucket, stateBucket}, Region: region, Prefix: prefix,
		Notify: func(_ context.Context, body []byte) { _, _ = c.events.Send(string(body)) }, // a lost event is a case that S3 has too
	})
	if err != nil {
		return fmt.Errorf("start the S3 server: %w", err)
	}
	if err = c.store.Start("127.0.0.1:0"); err != nil {
		return fmt.Errorf("start the S3 server: %w", err)
	}
	c.closers = append(c.closers, c.store.Close)
	c.s3 = s3.New(s3.Options{
		Region: region, BaseEndpoint: aws.String(c.store.URL()), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("demo", "demo", ""),
	})
	return nil
}

// configuration is the dagferry.yaml of the demo.
func configuration() string {
	return fmt.Sprintf(`version: 1
targets:
  - name: prod
    sources:
      - url: s3://%s/%s
    deployment: %s
    token: env://ASTRO_API_TOKEN
    state: s3://%s/state/
`, dagBucket, prefix, deployment, stateBucket)
}

func (c *cloud) startFunction(f executable, log io.Writer) (err error) {
	env := map[string]string{
		"DAGFERRY_CONFIG":     configuration(),
		"ASTRO_API_URL":       c.astroURL + "/v1",
		"ASTRO_API_TOKEN":     astrotest.Token(astrotest.TokenOptions{Name: "dagferry demo"}),
		"AWS_ENDPOINT_URL_S3": c.store.URL(), "AWS_ENDPOINT_URL_SQS": c.queues.URL(),
	}
	if f.interpreter != "" {
		env["DAGFERRY_PYTHON"] = f.interpreter
	}
	c.function, err = lambda.New(lambda.Options{
		Path: f.path, Name: "dagferry", Env: env, Memory: 1769, Timeout: functionTimeout, MaxInstances: 2, Region: region, Log: log,
	})
	if err != nil {
		return fmt.Errorf("start the function: %w", err)
	}
	c.closers = append(c.closers, func() error { c.function.Close(); return nil })
	return nil
}

// startMapping feeds the function from the queue as the Terraform module has it.
func (c *cloud) startMapping(ctx context.Context) {
	ctx, c.stopMapping = context.WithCancel(ctx)
	mapping := lambda.Mapping{
		Queue: c.events, Function: c.function, BatchSize: 1000, Window: time.Second, MaxConcurrency: 2, ReportBatchItemFailures: true,
	}
	c.mapped.Go(func() { c.mapError = mapping.Run(ctx) })
}

// close ends everything, the function first.
func (c *cloud) close() error {
	var all []error
	if c.stopMapping != nil {
		c.stopMapping()
		if c.function != nil {
			c.function.KillAll() // a run under way would hold the demo up for its budget
		}
		c.mapped.Wait()
		all = append(all, c.mapError)
	}
	for i := len(c.closers) - 1; i >= 0; i-- {
		all = append(all, c.closers[i]())
	}
	return errors.Join(all...)
}

// temporary is a folder that is removed by the function that comes with it.
func temporary() (string, func() error, error) {
	path, err := os.MkdirTemp("", "dagferry-demo-*")
	if err != nil {
		return "", nil, err
	}
	return path, func() error { return os.RemoveAll(path) }, nil
}
