package awssdk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/dagferry/dagferry/internal/fault"
)

// Classify gives an error of the SDK its kind. Refused or missing credentials, permissions, keys, buckets, queues and
// secrets are Denied, since only an operator can change them; throttling, 5xx, time-outs and lost connections are
// Transient; the rest stays as it is, Broken. What a code means for one call (a 412, a missing key) is the caller's
// to look at first. Classify(nil) is nil.
func Classify(err error) error {
	if err == nil {
		return nil
	}
	if key := deniedKey(err); key != "" {
		return fault.Errorf(fault.Denied, "KMS key %s refuses: %w", key, err)
	}
	switch {
	case ended(err):
		return fault.As(fault.Transient, err)
	case noCredentials(err):
		return fault.Errorf(fault.Denied, "no AWS credentials: %w", err)
	case denied(err):
		return fault.As(fault.Denied, err)
	case transient(err):
		return fault.As(fault.Transient, err)
	default:
		return err
	}
}

// Code is the service's code for the error, such as NoSuchKey, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Status is the status of the HTTP answer behind the error, or 0.
func Status(err error) int {
	var answer interface{ HTTPStatusCode() int }
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// ended reports whether somebody cancelled the request or its time was over.
func ended(err error) bool {
	var cancelled interface{ CanceledError() bool }
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &cancelled) && cancelled.CanceledError()
}

// kmsARN matches a key or an alias, of any partition, as IAM's messages write it.
var kmsARN = regexp.MustCompile(`arn:[\w-]+:kms:[\w-]+:\d*:(key|alias)/[\w/-]+`)

// deniedKey is the KMS key that a refusal is about: its ARN where the message has it ("… is not authorized to perform:
// kms:Decrypt on resource: arn:aws:kms:…"), else the code, such as KMS.DisabledException. "" when no key refused.
func deniedKey(err error) string {
	code, text := Code(err), err.Error()
	refused := strings.HasPrefix(code, "KMS.") || Status(err) == http.StatusForbidden && strings.Contains(text, "kms:")
	if !refused || transientKMS(code) {
		return ""
	}
	if arn := kmsARN.FindString(text); arn != "" {
		return arn
	}
	return "(" + code + ")"
}

// transientKMS reports whether KMS was only busy (the errors of KMS's Decrypt: Throttling, KMSInternalException,
// DependencyTimeout), with or without the "KMS." that S3 puts in front.
func transientKMS(code string) bool {
	return slices.Contains([]string{
		"ThrottlingException", "LimitExceededException", "KMSInternalException", "DependencyTimeoutException",
		"KeyUnavailableException",
	}, strings.TrimPrefix(code, "KMS."))
}

// noCredentials reports whether no request was sent because the chain has no credentials. Its last link is EC2's
// metadata service, whose absence looks like a lost connection, but no retry helps a laptop without a profile.
func noCredentials(err error) bool {
	return strings.Contains(err.Error(), "no EC2 IMDS role found") ||
		strings.Contains(err.Error(), "static credentials are empty")
}

// deniedCodes are what S3, STS, SQS, Secrets Manager and SSM call it when only an operator can help. Those with
// status 401 or 403 are denied without standing here.
func deniedCodes() []string {
	return []string{
		// Credentials. They come with 400 from some services.
		"AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "InvalidToken", "InvalidClientTokenId",
		"UnrecognizedClientException", "MissingAuthenticationToken", "IncompleteSignature", "OptInRequired",
		// A bucket that is missing, or in another region than the one asked.
		"NoSuchBucket", "InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed",
		"IllegalLocationConstraintException",
		// Other resources that the configuration names.
		"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "ResourceNotFoundException",
		"ParameterNotFound", "DecryptionFailure", "InvalidKeyId",
	}
}

func denied(err error) bool {
	code, status := Code(err), Status(err)
	switch {
	case code == "RequestTimeTooSkewed": // 403, but the SDK corrects its clock by the answer, so that the next try fits
		return false
	case slices.Contains(deniedCodes(), code):
		return true
	case transientKMS(code):
		return false
	default:
		return status == http.StatusUnauthorized || status == http.StatusForbidden
	}
}

func transient(err error) bool {
	var (
		quota ratelimit.QuotaExceededError
		lost  *smithyhttp.RequestSendError
	)
	switch status := Status(err); {
	case retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary:
		return true
	case errors.As(err, &quota), errors.As(err, &lost), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	case Code(err) == "RequestTimeTooSkewed", transientKMS(Code(err)):
		return true
	case status == http.StatusNotImplemented: // a server that lacks a feature will lack it again
		return false
	default:
		return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
			status >= http.StatusInternalServerError
	}
}
