// Command s3sync is the Lambda function: S3 tells a queue of changes, the queue invokes it with a batch of messages,
// and it makes one run (internal/syncer) for each target that they touch (internal/dispatch). What a run answers decides
// whether a message is acknowledged or comes back.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	awsv2 "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/validator"
	lambdavalidator "github.com/dagferry/dagferry/internal/parse/validator/lambda"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/secret/secretsmanager"
	"github.com/dagferry/dagferry/internal/secret/ssm"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

// version is set by the build.
var version = "dev"

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	ctx, stop := context.WithCancel(context.Background())
	h, err := newHost(ctx, log, config.OS())
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	lambda.StartWithOptions(h.handle, lambda.WithContext(ctx), lambda.WithEnableSIGTERM(stop))
}

// newHost makes what outlives an invocation: clients with their connections, and the check worker.
func newHost(ctx context.Context, log *slog.Logger, env config.Env) (*host, error) {
	// The interpreter that reads authors' files runs as the same user: it must not read this process's memory.
	if err := parse.HardenProcess(); err != nil {
		return nil, fmt.Errorf("protect the process: %w", err)
	}
	aws, err := awssdk.Config(ctx, "")
	if err != nil {
		return nil, err
	}
	secrets := secret.Local(env.Lookup)
	secrets[secretsmanager.Scheme], secrets[ssm.Scheme] = secretsmanager.New(aws), ssm.New(aws)
	openS3 := func(ctx context.Context, at config.Source) (bucket.Bucket, error) {
		return s3.Open(ctx, at.URL, s3.Options{
			Config: &aws, Region: at.Region, RoleARN: at.RoleARN, ExpectedOwner: at.ExpectedBucketOwner, RequesterPays: at.RequesterPays,
		})
	}
	openConfig := func(ctx context.Context, prefix string) (bucket.Bucket, error) {
		return s3.Open(ctx, prefix, s3.Options{Config: &aws, MaxValue: config.MaxSize})
	}
	interpreter := func() (string, error) { return parse.Find(env.Interpreter()) }
	return &host{
		env:    env,
		config: config.Reader{Fetch: map[string]config.Fetch{"s3": config.FromBucket(openConfig), ssm.Scheme: ssm.Document(aws)}},
		log:    log,
		queue:  sqs.NewFromConfig(aws),
		dispatch: dispatch.Dispatcher{
			Log:    log,
			Ended:  metrics{os.Stdout}.ended,
			Syncer: syncer.Syncer{Log: log, Version: version, Budgets: budgets(), Memory: &syncer.Memory{}},
			Open: target.Opener{
				Buckets: map[string]target.Open{"s3": openS3}, Secrets: secrets, AstroURL: env.AstroURL(), Version: version,
				Checks: &target.Checks{Interpreter: interpreter, Validators: validators(aws)},
			},
		},
	}, nil
}

// validators import DAGs: a Lambda function, or a container that serves.
func validators(cfg awsv2.Config) map[string]target.Reach {
	return map[string]target.Reach{
		"arn": func(_ context.Context, arn string) (validator.Transport, error) {
			return lambdavalidator.New(cfg, arn), nil
		},
		"https": func(_ context.Context, url string) (validator.Transport, error) { return validator.HTTP{URL: url}, nil },
	}
}
