package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/local/lambda"
	"github.com/dagferry/dagferry/internal/local/queue"
	"github.com/dagferry/dagferry/internal/local/s3server"
)

const (
	region = "us-east-1"
	// lambdaTimeout is what the Terraform module sets: a run's budget and some.
	lambdaTimeout = 900 * time.Second
	// queueVisibility is the function's time-out and a minute (docs/protocol.md).
	queueVisibility = lambdaTimeout + time.Minute
)

// amazon is S3, a queue and a Lambda function.
type amazon struct {
	objects  *s3server.Server
	queues   *queue.Server
	events   *queue.Queue
	function *lambda.Function
	s3       *awss3.Client

	stopMapping context.CancelFunc
	mapped      sync.WaitGroup
	mapError    error
	closers     closers
}

// startAmazon starts the servers and the function, in the order in which they need each other.
func startAmazon(ctx context.Context, s stage) (_ cloud, err error) {
	a := &amazon{}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if err = a.startQueue(); err != nil {
		return nil, err
	}
	if err = a.startStore(); err != nil {
		return nil, err
	}
	if err = a.startFunction(s); err != nil {
		return nil, err
	}
	a.startMapping(ctx)
	return a, nil
}

func (a *amazon) startQueue() (err error) {
	a.queues = queue.NewServer(queue.Options{Region: region})
	if err = a.queues.Start("127.0.0.1:0"); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	a.closers.add(a.queues.Close)
	if _, err = a.queues.Create("dagferry-dead", queue.Attributes{}); err != nil {
		return err
	}
	a.events, err = a.queues.Create("dagferry", queue.Attributes{Visibility: queueVisibility, MaxReceives: 50, DeadLetter: "dagferry-dead"})
	return err
}

func (a *amazon) startStore() (err error) {
	a.objects, err = s3server.New(s3server.Options{
		Buckets: []string{dagBucket, stateBucket}, Region: region, Prefix: prefix,
		Notify: func(_ context.Context, body []byte) { _, _ = a.events.Send(string(body)) }, // a lost event is a case that S3 has too
	})
	if err != nil {
		return fmt.Errorf("start the S3 server: %w", err)
	}
	if err = a.objects.Start("127.0.0.1:0"); err != nil {
		return fmt.Errorf("start the S3 server: %w", err)
	}
	a.closers.add(a.objects.Close)
	a.s3 = awss3.New(awss3.Options{
		Region: region, BaseEndpoint: aws.String(a.objects.URL()), UsePathStyle: true, Credentials: anybody(),
	})
	return nil
}

func anybody() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("demo", "demo", "")
}

func (a *amazon) startFunction(s stage) (err error) {
	env := s.env(a.scheme())
	env["AWS_ENDPOINT_URL_S3"], env["AWS_ENDPOINT_URL_SQS"] = a.objects.URL(), a.queues.URL()
	a.function, err = lambda.New(lambda.Options{
		Path: s.function.path, Name: "dagferry", Env: env, Memory: 1769, Timeout: lambdaTimeout, MaxInstances: 2, Region: region, Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("start the function: %w", err)
	}
	a.closers.add(func() error { a.function.Close(); return nil })
	return nil
}

// startMapping feeds the function from the queue as the Terraform module has it.
func (a *amazon) startMapping(ctx context.Context) {
	ctx, a.stopMapping = context.WithCancel(ctx)
	mapping := lambda.Mapping{
		Queue: a.events, Function: a.function, BatchSize: 1000, Window: time.Second, MaxConcurrency: 2, ReportBatchItemFailures: true,
	}
	a.mapped.Go(func() { a.mapError = mapping.Run(ctx) })
}

func (a *amazon) scheme() string { return "s3" }

func (a *amazon) says() string {
	return "An S3 server, a queue, Astro's simulator and the real Lambda function"
}

func (a *amazon) store() string { return a.objects.URL() }

func (a *amazon) open(ctx context.Context, url string) (bucket.Bucket, error) {
	return s3.Open(ctx, url, s3.Options{Config: &aws.Config{Region: region, BaseEndpoint: aws.String(a.objects.URL()), Credentials: anybody()}})
}

func (a *amazon) upload(ctx context.Context, key string, body []byte) error {
	_, err := a.s3.PutObject(ctx, &awss3.PutObjectInput{Bucket: aws.String(dagBucket), Key: &key, Body: bytes.NewReader(body)})
	return err
}

func (a *amazon) remove(ctx context.Context, key string) error {
	_, err := a.s3.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: aws.String(dagBucket), Key: &key})
	return err
}

func (a *amazon) atRest() bool {
	s := a.events.Stats()
	return s.Visible+s.InFlight == 0 && len(a.function.Running()) == 0
}

func (a *amazon) close() error {
	var mapped error
	if a.stopMapping != nil {
		a.stopMapping()
		if a.function != nil {
			a.function.KillAll() // a run under way would hold the demo up for its budget
		}
		a.mapped.Wait()
		mapped = a.mapError
	}
	return errors.Join(mapped, a.closers.close())
}
