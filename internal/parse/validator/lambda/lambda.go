// Package lambda reaches an importer that is a Lambda function. The caller's role may invoke that function, and the function's
// own role may do nothing.
package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/dagferry/dagferry/internal/awssdk"
)

// limit is the largest event of a synchronous invocation, 6 MB (page "Lambda quotas").
const limit = 6 << 20

// Function is an importer. It implements validator.Transport.
type Function struct {
	arn    string
	client *lambda.Client
}

// New makes a client for the function with an ARN. It waits as long as a call's context lets it: an answer takes minutes.
func New(cfg aws.Config, arn string) Function {
	patient := cfg.Copy()
	if shared, is := cfg.HTTPClient.(*awshttp.BuildableClient); is {
		patient.HTTPClient = shared.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = 0 })
	}
	return Function{arn: arn, client: lambda.NewFromConfig(patient)}
}

// String is the ARN.
func (f Function) String() string { return f.arn }

// Limit implements validator.Transport.
func (f Function) Limit() int { return limit }

// Call implements validator.Transport.
func (f Function) Call(ctx context.Context, request []byte) ([]byte, error) {
	out, err := f.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &f.arn, Payload: request})
	if err != nil {
		return nil, awssdk.Classify(err)
	}
	if out.FunctionError == nil {
		return out.Payload, nil
	}
	var failure struct{ ErrorType, ErrorMessage string }
	_ = json.Unmarshal(out.Payload, &failure) // what is no JSON says nothing
	return nil, fmt.Errorf("the function failed: %s: %s", failure.ErrorType, failure.ErrorMessage)
}
