// A function that does what its event tells it to: {"do":"sleep","ms":5000}. Of an SQS event, the body of its first
// message tells; messages that say "fails" are reported as failed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type order struct {
	Do     string
	MS     int
	Answer json.RawMessage
	Size   int
}

type handler struct{}

func (handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event struct {
		order
		Records []struct{ MessageID, Body string }
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	o := event.order
	if len(event.Records) > 0 {
		var failed []map[string]string
		for _, r := range event.Records {
			if r.Body == "fails" {
				failed = append(failed, map[string]string{"itemIdentifier": r.MessageID})
			}
		}
		if failed != nil {
			return json.Marshal(map[string]any{"batchItemFailures": failed})
		}
		_ = json.Unmarshal([]byte(event.Records[0].Body), &o)
	}
	return obey(ctx, o, payload)
}

func obey(ctx context.Context, o order, payload []byte) ([]byte, error) {
	switch o.Do {
	case "echo":
		return payload, nil
	case "sleep":
		time.Sleep(time.Duration(o.MS) * time.Millisecond)
	case "exit":
		os.Exit(3)
	case "panic":
		panic("on purpose")
	case "fail":
		return nil, errors.New("on purpose")
	case "huge":
		return []byte(`"` + strings.Repeat("x", o.Size) + `"`), nil
	case "answer":
		return o.Answer, nil
	case "garbage":
		return []byte("{not json"), nil
	case "look":
		deadline, _ := ctx.Deadline()
		lc, _ := lambdacontext.FromContext(ctx)
		return json.Marshal(map[string]any{
			"pid": os.Getpid(), "env": os.Environ(), "left": time.Until(deadline).Milliseconds(), "arn": lc.InvokedFunctionArn, "id": lc.AwsRequestID,
		})
	}
	return []byte("null"), nil
}

func main() {
	if os.Getenv("BROKEN") != "" {
		fmt.Println("broken from the start")
		os.Exit(1)
	}
	if os.Getenv("UNREGISTERED") != "" {
		terminated := make(chan os.Signal, 1)
		signal.Notify(terminated, syscall.SIGTERM)
		go func() {
			for range terminated {
				fmt.Println("got SIGTERM")
			}
		}()
		lambda.Start(handler{})
	}
	lambda.StartWithOptions(handler{}, lambda.WithEnableSIGTERM(func() {
		fmt.Println("got SIGTERM")
		if os.Getenv("STUBBORN") == "" {
			os.Exit(0)
		}
	}))
}
