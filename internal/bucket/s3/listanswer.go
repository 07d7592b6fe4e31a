package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// listAnswer stands in the SDK's stack for what reads ListObjectsV2's answers, which goes by way of encoding/xml's tokens and
// was most of what a warm run computed (BenchmarkList). An answer in the form that S3 writes is read by readListing; any
// other, and every refusal, is left to the SDK.
type listAnswer struct {
	sdk middleware.DeserializeMiddleware
}

// operationDeserializer is what the SDK calls the middleware that reads an operation's answer.
const operationDeserializer = "OperationDeserializer"

func installListAnswer(stack *middleware.Stack) error {
	if stack.ID() != "ListObjectsV2" {
		return nil
	}
	sdk, found := stack.Deserialize.Get(operationDeserializer)
	if !found {
		return fmt.Errorf("install the reader of listings: the SDK has no middleware %s", operationDeserializer)
	}
	_, err := stack.Deserialize.Swap(operationDeserializer, listAnswer{sdk})
	return err
}

func (a listAnswer) ID() string { return a.sdk.ID() }

// HandleDeserialize implements middleware.DeserializeMiddleware.
func (a listAnswer) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	answer, is := out.RawResponse.(*smithyhttp.Response)
	if err == nil && is && answer.StatusCode == http.StatusOK {
		data, cut := io.ReadAll(answer.Body)
		smithyhttp.CloseResponseBody(ctx, answer, false, cut)
		if cut != nil {
			return out, metadata, &smithy.DeserializationError{Err: fmt.Errorf("failed to read response body, %w", cut)}
		}
		if listed, known := readListing(data); known {
			out.Result = listed
			return out, metadata, nil
		}
		answer.Body = io.NopCloser(bytes.NewReader(data))
	}
	return a.sdk.HandleDeserialize(ctx, in, middleware.DeserializeHandlerFunc(
		func(context.Context, middleware.DeserializeInput) (middleware.DeserializeOutput, middleware.Metadata, error) {
			return out, metadata, err // what came already
		}))
}
