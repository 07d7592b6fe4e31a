package secretmanager

import (
	"context"
	"sync"
	"time"

	"cloud.google.com/go/auth"
	api "cloud.google.com/go/secretmanager/apiv1"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
)

const (
	scope = "https://www.googleapis.com/auth/cloud-platform" // Secret Manager has none of its own

	// patience bounds one secret's reading, repetitions included. A token is read when a target is opened, before anything
	// is leased, and the message that asks for it comes back.
	patience = 20 * time.Second
)

// client is made when it is first needed, and kept.
type client struct {
	options Options

	mu          sync.Mutex
	api         *api.Client
	credentials *auth.Credentials // nil for a stand-in
}

// connect makes the client, and fetches a token: gRPC takes every error of a token for a refusal, also that its server is
// away.
func (c *client) connect(ctx context.Context) error {
	if err := c.make(ctx); err != nil {
		return err
	}
	if c.credentials == nil {
		return nil
	}
	_, err := c.credentials.Token(ctx)
	return gcpsdk.Classify(err)
}

func (c *client) make(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.api != nil {
		return nil
	}
	var options []option.ClientOption
	if c.options.Endpoint != "" {
		options = append(options, option.WithEndpoint(c.options.Endpoint), option.WithoutAuthentication(),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	} else {
		found, err := gcpsdk.Credentials(scope)
		if err != nil {
			return err
		}
		c.credentials = found
		options = append(options, option.WithAuthCredentials(found))
	}
	// Without the caller's end: the client outlives the call that made it.
	made, err := api.NewClient(context.WithoutCancel(ctx), options...)
	if err != nil {
		return fault.As(fault.Denied, err)
	}
	made.CallOptions.AccessSecretVersion = []gax.CallOption{gax.WithTimeout(patience), gax.WithRetry(again)}
	c.api = made
	return nil
}

// again repeats what passes by itself, sooner than the client library, which waits for a minute.
func again() gax.Retryer {
	return gax.OnCodes([]codes.Code{codes.Unavailable, codes.ResourceExhausted},
		gax.Backoff{Initial: 200 * time.Millisecond, Max: 5 * time.Second, Multiplier: 2})
}
