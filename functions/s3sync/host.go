package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/fault"
)

// host is the Lambda function between invocations.
type host struct {
	env      config.Env
	config   config.Reader
	log      *slog.Logger
	queue    *sqs.Client
	dispatch dispatch.Dispatcher
}

// handle is one invocation: a batch of messages of a queue, or one that came without (S3, SNS, EventBridge or the
// scheduler call the function themselves). The configuration is read anew. An error gives everything back.
func (h *host) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	if err := h.dispatch.LongEnough(ctx); err != nil {
		return nil, err
	}
	cfg, err := h.config.Function(ctx, h.env)
	if err != nil {
		h.log.Error("the configuration cannot be used", "error", err)
		return nil, err
	}
	if batch, is := queued(payload); is {
		return h.answer(ctx, batch, h.dispatch.Do(ctx, cfg, messages(batch))), nil
	}
	return nil, h.direct(ctx, cfg, payload)
}

// queued reads a batch of an SQS queue, and reports whether it is one. An empty batch is.
func queued(payload []byte) (batch events.SQSEvent, is bool) {
	var shape struct {
		Records *[]struct{ EventSource string }
	}
	if json.Unmarshal(payload, &shape) != nil || shape.Records == nil {
		return batch, false
	}
	if len(*shape.Records) > 0 && (*shape.Records)[0].EventSource != "aws:sqs" {
		return batch, false
	}
	return batch, json.Unmarshal(payload, &batch) == nil
}

// direct deals with a message that no queue keeps: Lambda repeats it twice if the function fails, and drops it then. So
// it waits here for a run that is at work, while there is time; what is lost, a sweep repairs.
func (h *host) direct(ctx context.Context, cfg config.Config, payload []byte) error {
	m := dispatch.Message{Body: payload, Sent: time.Now()}
	if c, ok := lambdacontext.FromContext(ctx); ok {
		m.ID = c.AwsRequestID
	}
	for {
		m.Receives++
		v := h.dispatch.Do(ctx, cfg, []dispatch.Message{m})[0]
		if !v.Back {
			return nil
		}
		if fault.Of(v.Err) != fault.Busy {
			return v.Err
		}
		select {
		case <-ctx.Done():
		case <-time.After(v.Wait):
		}
		if h.dispatch.LongEnough(ctx) != nil {
			return v.Err
		}
	}
}
