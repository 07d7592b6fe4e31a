package gcpsdk

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/compute/metadata"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dagferry/dagferry/internal/fault"
)

// Classify gives an error of a client library its kind. Refused or missing credentials, permissions, keys, projects and
// secrets are Denied, since only an operator can change them; throttling, 5xx, time-outs and lost connections are
// Transient; the rest stays as it is, Broken. What a code means for one call (a 412, a missing object) is the caller's to
// look at first. An HTTP answer is told in one line, however long it was. Classify(nil) is nil.
func Classify(err error) error {
	if err == nil {
		return nil
	}
	if known := fault.Of(err); known != fault.Broken { // found out before a request was sent; or somebody ended it
		return fault.As(known, err)
	}
	told := tell(err)
	switch {
	case badCredentials(err):
		return fault.Errorf(fault.Denied, "Google refuses the credentials: %w", told)
	case KMSRefuses(err), denied(err):
		return fault.As(fault.Denied, told)
	case transient(err):
		return fault.As(fault.Transient, told)
	default:
		return told
	}
}

// badCredentials reports whether no token was given for them. What passes by itself, a token server that is away, is
// not that.
func badCredentials(err error) bool {
	var (
		refused *auth.Error
		machine *metadata.Error
	)
	switch {
	case errors.As(err, &refused) && refused.Response != nil:
		return refusal(refused.Response.StatusCode)
	case errors.As(err, &machine):
		return refusal(machine.Code)
	}
	var absent metadata.NotDefinedError // the machine has no service account
	return errors.As(err, &absent)
}

func refusal(status int) bool {
	return status >= http.StatusBadRequest && !passing(status)
}

// passing: the statuses that Cloud Storage's "Retry strategy" repeats.
func passing(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status >= http.StatusInternalServerError && status != http.StatusNotImplemented // who lacks a feature will lack it again
}

// KMSRefuses reports whether a key of Cloud KMS was refused, is disabled or gone. Media reads say so in words only.
func KMSRefuses(err error) bool {
	return strings.HasPrefix(strings.ToLower(Reason(err)), "cloudkms") ||
		refusal(Status(err)) && strings.Contains(Message(err), "Cloud KMS")
}

// deniedReasons are what Cloud Storage calls it when only an operator can help, and the status does not say so
// ("HTTP status and error codes for JSON").
func deniedReasons() []string {
	return []string{"userProjectInvalid", "userProjectMissing", "userProjectInconsistent", "orgPolicyConstraintFailed"}
}

// limits are reasons for which a 403 is no refusal, but a request too many.
func limits() []string {
	return []string{"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}
}

// requesterPays is what a media read says, without a reason, where a project to pay is missing.
const requesterPays = "requester pays bucket but no user project"

func denied(err error) bool {
	if is(err, codes.PermissionDenied, codes.Unauthenticated, codes.NotFound) {
		return true
	}
	if slices.Contains(deniedReasons(), Reason(err)) || strings.Contains(Message(err), requesterPays) {
		return true
	}
	switch Status(err) {
	case http.StatusUnauthorized:
		return true
	case http.StatusForbidden:
		return !slices.Contains(limits(), Reason(err))
	}
	return false
}

func transient(err error) bool {
	var (
		refused *auth.Error
		machine *metadata.Error
		lost    *url.Error // what every request ends as that got no answer
		broken  net.Error
	)
	if is(err, codes.Unavailable, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.DeadlineExceeded, codes.Canceled) {
		return true
	}
	switch {
	case errors.As(err, &refused), errors.As(err, &machine): // not refused, or badCredentials had seen it
		return true
	case errors.As(err, &lost), errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	default:
		return passing(Status(err)) || Status(err) == http.StatusForbidden // one of limits, or denied had seen it
	}
}

// is reports whether the error has one of gRPC's codes, and is no HTTP answer: those get one too, which says less than
// theirs.
func is(err error, of ...codes.Code) bool {
	return answerOf(err) == nil && slices.Contains(of, status.Code(err))
}
