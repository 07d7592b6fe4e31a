package gcpsdk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
)

func TestClassify_statuses(t *testing.T) {
	for code, want := range map[int]fault.Kind{
		400: fault.Broken, 401: fault.Denied, 403: fault.Denied, 404: fault.Broken, 408: fault.Transient, 412: fault.Broken,
		416: fault.Broken, 429: fault.Transient, 500: fault.Transient, 501: fault.Broken, 502: fault.Transient, 503: fault.Transient, 504: fault.Transient,
	} {
		err := fmt.Errorf("storage: %w", &googleapi.Error{Code: code, Body: "some words"})
		got := gcpsdk.Classify(err)
		assert.Equal(t, want, fault.Of(got), code)
		assert.ErrorIs(t, got, err)
		assert.Equal(t, code, gcpsdk.Status(got))
		assert.Equal(t, fmt.Sprintf("the answer was %d: some words", code), got.Error())
	}
}

func TestClassify_reasons(t *testing.T) {
	for _, tc := range []struct {
		code   int
		reason string
		want   fault.Kind
	}{
		{403, "forbidden", fault.Denied},
		{403, "insufficientPermissions", fault.Denied},
		{403, "UserProjectAccessDenied", fault.Denied},
		{403, "rateLimitExceeded", fault.Transient},
		{403, "quotaExceeded", fault.Transient},
		{400, "userProjectMissing", fault.Denied},
		{400, "cloudKmsDisabledKey", fault.Denied},
		{400, "invalidParameter", fault.Broken},
		{412, "conditionNotMet", fault.Broken},
		{412, "orgPolicyConstraintFailed", fault.Denied},
	} {
		for _, err := range []error{
			&googleapi.Error{Code: tc.code, Message: "words", Errors: []googleapi.ErrorItem{{Reason: tc.reason, Message: "words"}}},
			&googleapi.Error{Code: tc.code, Body: fmt.Sprintf(`{"error": {"code": %d, "message": "words", "errors": [{"reason": %q}]}}`, tc.code, tc.reason)},
		} {
			got := gcpsdk.Classify(err)
			assert.Equal(t, tc.want, fault.Of(got), tc.reason)
			assert.Equal(t, tc.reason, gcpsdk.Reason(err))
			assert.Equal(t, "words", gcpsdk.Message(err))
			assert.Equal(t, fmt.Sprintf("the answer was %d %s: words", tc.code, tc.reason), got.Error())
		}
	}
}

func TestClassify_gRPC(t *testing.T) {
	for code, want := range map[codes.Code]fault.Kind{
		codes.PermissionDenied: fault.Denied, codes.Unauthenticated: fault.Denied, codes.NotFound: fault.Denied,
		codes.Unavailable: fault.Transient, codes.ResourceExhausted: fault.Transient, codes.DeadlineExceeded: fault.Transient,
		codes.Canceled: fault.Transient, codes.Internal: fault.Transient, codes.Aborted: fault.Transient,
		codes.InvalidArgument: fault.Broken, codes.Unknown: fault.Broken, codes.FailedPrecondition: fault.Broken,
	} {
		err := status.Error(code, "words")
		assert.Equal(t, want, fault.Of(gcpsdk.Classify(err)), code)
	}
}

func TestClassify_connections(t *testing.T) {
	for name, err := range map[string]error{
		"reset":    &url.Error{Op: "Get", Err: &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}},
		"refused":  &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"time-out": &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded},
		"cut":      fmt.Errorf("read: %w", io.ErrUnexpectedEOF),
		"closed":   &url.Error{Op: "Get", Err: io.EOF},
		"context":  fmt.Errorf("read: %w", context.Canceled),
		"marked":   fmt.Errorf("read: %w", fault.As(fault.Transient, errors.New("stream error"))),
	} {
		assert.Equal(t, fault.Transient, fault.Of(gcpsdk.Classify(err)), name)
	}
	assert.NoError(t, gcpsdk.Classify(nil))
	plain := errors.New("plain")
	assert.Same(t, plain, gcpsdk.Classify(plain))
	assert.Equal(t, fault.Denied, fault.Of(gcpsdk.Classify(&url.Error{Op: "Get", Err: fault.Errorf(fault.Denied, "no credentials")})))
}
