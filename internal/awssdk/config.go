// Package awssdk configures the AWS SDK and sorts its errors, once for every service that dagferry talks to. It
// exists so that S3, SQS and Secrets Manager retry, time out and fail in the same words, and so that no caller has to
// know an AWS error code.
package awssdk

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/dagferry/dagferry/internal/fault"
)

const (
	// maxAttempts is the SDK's three and two more: with the SDK's exponential back-off they reach over the seconds for
	// which S3 answers SlowDown while it splits a prefix that got busy, and still end within a lease.
	maxAttempts = 5

	// connections is how many idle connections to one host are kept: reads run 64 to 128 side by side, and the SDK's
	// ten would make every other read shake hands again.
	connections = 128

	// dialTimeout and answerTimeout turn a host that does not answer into an error that is retried, well before a
	// lease ends. The answer's begin is bounded, not its body; an SQS long poll, the slowest answer, waits for 20 s.
	dialTimeout   = 5 * time.Second
	answerTimeout = 30 * time.Second
)

// Config is the SDK's default chain: environment, shared files, the function's role; AWS_ENDPOINT_URL and
// AWS_ENDPOINT_URL_<SERVICE> are honoured. A region that is not empty overrules the chain's. Retries are the SDK's
// standard mode with five attempts, where AWS_RETRY_MODE and AWS_MAX_ATTEMPTS do not say otherwise; not adaptive,
// which after one throttled answer slows down all requests of a client, those of the lease too.
func Config(ctx context.Context, region string) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithHTTPClient(httpClient())}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fault.As(fault.Denied, fmt.Errorf("load the AWS configuration: %w", err))
	}
	if cfg.RetryMaxAttempts == 0 {
		cfg.RetryMaxAttempts = maxAttempts
	}
	if cfg.RetryMode == "" {
		cfg.RetryMode = aws.RetryModeStandard
	}
	return cfg, nil
}

// AssumeRole is cfg with the credentials of another role, which cfg's own may assume; session shows up in
// CloudTrail. The role is assumed at the first request, and again before its credentials expire.
func AssumeRole(cfg aws.Config, roleARN, session string) aws.Config {
	assumed := cfg.Copy()
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), roleARN,
		func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = session })
	assumed.Credentials = aws.NewCredentialsCache(provider)
	return assumed
}

func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns = 2 * connections // S3, and the other services beside it
			t.MaxIdleConnsPerHost = connections
			t.ResponseHeaderTimeout = answerTimeout
		})
}
