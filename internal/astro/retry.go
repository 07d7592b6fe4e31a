package astro

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// Four repeats, after 0.5, 1, 2 and 4 s, outlast the rate limits, which are per second [doc], and a restart; what
	// lasts longer is for the queue behind us.
	maxRepeats = 4
	minWait    = 500 * time.Millisecond
	maxWait    = 10 * time.Second

	// maxRetryAfter is the longest wait that Astro may ask for: half a gather budget. Longer ones are given back.
	maxRetryAfter = time.Minute

	// attemptTimeout bounds one request. They take less than a second; a connection that died takes for ever.
	attemptTimeout = 30 * time.Second

	// uploadAttemptTimeout bounds one upload: the URL lives about 10 minutes [doc], so that two fit.
	uploadAttemptTimeout = 5 * time.Minute
)

// sender sends one call, and repeats it where it may be. It is cheap: connections belong to the transport.
func (c *Client) sender(k call) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: c.transport,
			Timeout:   k.attemptTimeout(),
			// A redirect is an answer: nothing secret goes where Astro's address did not say.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax: maxRepeats, RetryWaitMin: minWait, RetryWaitMax: maxWait,
		RequestLogHook: func(retryablehttp.Logger, *http.Request, int) { c.count(k.op) },
		CheckRetry:     k.mayRepeat,
		Backoff:        backoff,
		ErrorHandler:   retryablehttp.PassthroughErrorHandler,
	}
}

func (k call) attemptTimeout() time.Duration {
	switch {
	case k.slow:
		return 0 // the context has it
	case k.op == opUpload:
		return uploadAttemptTimeout
	default:
		return attemptTimeout
	}
}

// mayRepeat says whether to send a call again after this answer, or this lack of one. What changes something when it
// is repeated, is repeated only when it surely was not applied.
func (k call) mayRepeat(ctx context.Context, resp *http.Response, err error) (bool, error) {
	k.tries.note(resp, err)
	switch {
	case ctx.Err() != nil:
		return false, nil //nolint:nilerr // the answer, or the transport's error, says more
	case err != nil:
		return unsent(err) || k.repeat && !untrusted(err), nil
	case resp.StatusCode == http.StatusTooManyRequests:
		return fits(ctx, resp), nil
	case resp.StatusCode == http.StatusRequestTimeout,
		resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented:
		return k.repeat && fits(ctx, resp), nil
	default:
		return false, nil
	}
}

// tries is what the requests of one call came to so far.
type tries struct {
	maybeApplied bool
	status       int // of the last answer, or 0
}

func (t *tries) note(resp *http.Response, err error) {
	t.status = 0
	if resp != nil {
		t.status = resp.StatusCode
	}
	if t.status != http.StatusTooManyRequests && !unsent(err) {
		t.maybeApplied = true
	}
}

// told is how an error without an answer begins: a call may end while it waits to repeat a request.
func (t *tries) told() string {
	if t.status == 0 {
		return "no answer: "
	}
	return fmt.Sprintf("no other answer than %d: ", t.status)
}

// unsent reports whether there was no connection to send anything on.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// untrusted reports whether the other side is not who it should be, which waiting does not change.
func untrusted(err error) bool {
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert)
}

// fits reports whether the wait that an answer asks for is one that we have time for.
func fits(ctx context.Context, resp *http.Response) bool {
	wait := retryAfter(resp)
	deadline, limited := ctx.Deadline()
	return wait <= maxRetryAfter && (!limited || time.Until(deadline) > wait)
}

// backoff doubles, and is never shorter than what the answer asks for.
func backoff(shortest, longest time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := min(shortest<<attempt, longest)
	if resp != nil {
		wait = max(wait, retryAfter(resp))
	}
	return wait
}

// retryAfter is the wait that an answer asks for, in seconds or as a date; 0 when it asks for none.
func retryAfter(resp *http.Response) time.Duration {
	header := resp.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(min(max(seconds, 0), int(24*time.Hour/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
