package awssdk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/local/moto"
)

// refused is what the SDK makes of a refusal by S3.
func refused(t *testing.T, status int, code, message string) error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
	}))
	defer server.Close()
	client := s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: aws.AnonymousCredentials{}, UsePathStyle: true, RetryMaxAttempts: 1,
	})
	_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("acme"), Key: aws.String("a")})
	require.Error(t, err)
	return err
}

func TestClassify_refusals(t *testing.T) {
	for _, tc := range []struct {
		status int
		code   string
		want   fault.Kind
	}{
		{403, "AccessDenied", fault.Denied},
		{403, "InvalidAccessKeyId", fault.Denied},
		{403, "SignatureDoesNotMatch", fault.Denied},
		{400, "ExpiredToken", fault.Denied},
		{400, "InvalidToken", fault.Denied},
		{400, "AccessDeniedException", fault.Denied},
		{404, "NoSuchBucket", fault.Denied},
		{301, "PermanentRedirect", fault.Denied},
		{400, "AuthorizationHeaderMalformed", fault.Denied},
		{400, "KMS.DisabledException", fault.Denied},
		{400, "KMS.NotFoundException", fault.Denied},
		{400, "KMS.ThrottlingException", fault.Transient},
		{500, "KMS.KMSInternalException", fault.Transient},
		{403, "RequestTimeTooSkewed", fault.Transient},
		{503, "SlowDown", fault.Transient},
		{400, "RequestTimeout", fault.Transient},
		{400, "ThrottlingException", fault.Transient},
		{429, "Whatever", fault.Transient},
		{500, "InternalError", fault.Transient},
		{502, "", fault.Transient},
		{504, "", fault.Transient},
		{501, "NotImplemented", fault.Broken},
		{404, "NoSuchKey", fault.Broken},
		{412, "PreconditionFailed", fault.Broken},
		{400, "InvalidRequest", fault.Broken},
	} {
		err := refused(t, tc.status, tc.code, "message")
		assert.Equalf(t, tc.want, fault.Of(awssdk.Classify(err)), "%d %s", tc.status, tc.code)
		assert.ErrorIs(t, awssdk.Classify(err), err)
		assert.Equal(t, tc.status, awssdk.Status(err))
	}
}

func TestClassify_namesTheKey(t *testing.T) {
	const key = "arn:aws-cn:kms:cn-north-1:123456789012:alias/team/dags"
	err := awssdk.Classify(refused(t, 403, "AccessDenied", "User: x is not authorized to perform: kms:GenerateDataKey on resource: "+key+" with an explicit deny"))
	assert.ErrorContains(t, err, "KMS key "+key+" refuses: ")
	err = awssdk.Classify(refused(t, 400, "KMS.NotFoundException", "no name here"))
	assert.ErrorContains(t, err, "KMS key (KMS.NotFoundException) refuses: ")
}

func TestClassify_connections(t *testing.T) {
	for name, err := range map[string]error{
		"reset":    &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
		"refused":  &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"time-out": &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded},
		"cut":      fmt.Errorf("read: %w", io.ErrUnexpectedEOF),
		"context":  fmt.Errorf("read: %w", context.Canceled),
		"quota":    errors.Join(errors.New("x"), ratelimit.QuotaExceededError{}),
	} {
		assert.Equal(t, fault.Transient, fault.Of(awssdk.Classify(err)), name)
	}
	assert.NoError(t, awssdk.Classify(nil))
	plain := errors.New("plain")
	assert.Same(t, plain, awssdk.Classify(plain))
}

// clean is an environment without anybody's credentials.
func clean(t *testing.T, env ...string) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_ENDPOINT_URL", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for i := 0; i < len(env); i += 2 {
		t.Setenv(env[i], env[i+1])
	}
}

func TestClassify_noCredentials(t *testing.T) {
	clean(t)
	cfg, err := awssdk.Config(t.Context(), "eu-north-1")
	require.NoError(t, err)
	_, err = s3.NewFromConfig(cfg).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("acme"), Key: aws.String("a")})
	err = awssdk.Classify(err)
	assert.Equal(t, fault.Denied, fault.Of(err), err)
	assert.ErrorContains(t, err, "no AWS credentials")
}

func TestClassify_resourcesThatAreNotThere(t *testing.T) {
	server := moto.Shared(t)
	_, err := secretsmanager.NewFromConfig(server.Config()).GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("none")})
	require.Error(t, err)
	assert.Equal(t, fault.Denied, fault.Of(awssdk.Classify(err)), err)

	_, err = sqs.NewFromConfig(server.Config()).ReceiveMessage(t.Context(),
		&sqs.ReceiveMessageInput{QueueUrl: aws.String(server.Endpoint + "/123456789012/none")})
	require.Error(t, err)
	assert.Equal(t, fault.Denied, fault.Of(awssdk.Classify(err)), err)
}
