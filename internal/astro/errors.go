package astro

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// Error is a request that did not succeed. It holds neither the token nor an upload URL. fault.Of tells what may be
// done about it; Refused and NotApplied tell what is known of its outcome.
type Error struct {
	// Op is what was tried, such as "create deploy".
	Op string
	// Deployment and Deploy are what it was tried on; empty for an upload.
	Deployment, Deploy string
	// Status is the answer's, or 0 without an answer. It is 2xx when the answer could not be used.
	Status int
	// Code is Azure's name of the error, such as AuthenticationFailed, when an upload was refused.
	Code string
	// Message is what Astro said, in one line of bounded length.
	Message string
	// RequestID is Astro's, for its support.
	RequestID string
	// RetryAfter is how long Astro asks to wait.
	RetryAfter time.Duration

	refusedHere bool // before anything was sent
	unapplied   bool // no connection came about, or only answers 429
	hint        string
	cause       error
}

// Refused reports whether the request behind err certainly was refused, so that its outcome is known: an answer 4xx
// other than 408 and 429, or a refusal of our own before anything was sent.
func Refused(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	return e.refusedHere || e.Status >= 400 && e.Status < 500 &&
		e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// NotApplied reports whether the request behind err certainly had no effect: it was Refused, limited by rate, or never
// sent.
func NotApplied(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.unapplied || e.Status == http.StatusTooManyRequests || Refused(err))
}

// Unwrap is the transport's error, without the URL.
func (e *Error) Unwrap() error { return e.cause }

// Error says what was tried, on which Deployment, what happened, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.subject())
	b.WriteString(": ")
	b.WriteString(e.outcome())
	if e.hint != "" {
		b.WriteString(". " + e.hint)
	}
	if e.RequestID != "" {
		b.WriteString(" (Astro's request id " + e.RequestID + ")")
	}
	return b.String()
}

func (e *Error) subject() string {
	switch {
	case e.Deploy != "":
		return fmt.Sprintf("%s %s of Deployment %s", e.Op, e.Deploy, e.Deployment)
	case e.Deployment != "" && (e.Op == "get" || e.Op == "update"):
		return e.Op + " Deployment " + e.Deployment
	case e.Deployment != "":
		return fmt.Sprintf("%s of Deployment %s", e.Op, e.Deployment)
	default:
		return e.Op
	}
}

func (e *Error) outcome() string {
	said := e.Message
	if e.Code != "" {
		said = strings.TrimSuffix(e.Code+": "+said, ": ")
	}
	if e.Status == 0 {
		return said
	}
	return strings.TrimSuffix(fmt.Sprintf("%s (%d): %s", e.meaning(), e.Status, said), ": ")
}

// meaning puts a status into words.
func (e *Error) meaning() string {
	who := "Astro"
	if e.isUpload() {
		who = "the upload's storage"
	}
	switch {
	case e.Status < 300:
		return who + "'s answer cannot be used"
	case e.Status < 400:
		return who + " answered with a redirect, which is not followed"
	case e.isUpload():
		return who + " refused it"
	case e.Status == http.StatusUnauthorized:
		return "Astro refused the token"
	case e.Status == http.StatusForbidden:
		return "the token may not do this"
	case e.Status == http.StatusNotFound:
		return "Astro does not know it, or hides it from this token"
	case e.Status == http.StatusTooManyRequests:
		return "Astro's rate limit is reached"
	case e.Status >= 500:
		return "Astro failed"
	default:
		return "Astro refused the request"
	}
}

func (e *Error) isUpload() bool { return e.Op == "upload DAGs" }

func (k call) errorf(status int, message string, cause error) *Error {
	return &Error{Op: k.verb, Deployment: k.deployment, Deploy: k.deploy, Status: status, Message: message, cause: cause}
}

// unreadable is an answer that should have been one. Whatever was asked for may have been done.
func (k call) unreadable(status int, message string, cause error) error {
	return fault.As(fault.Transient, k.errorf(status, message, cause))
}

// noAnswer is an error of the transport.
func (c *Client) noAnswer(k call, err error, secrets ...secret.Value) error {
	var told *url.Error
	if errors.As(err, &told) { // it quotes the URL
		err = told.Err
	}
	e := k.errorf(0, k.tries.told()+c.clean(err.Error(), secrets), err)
	e.unapplied = !k.tries.maybeApplied
	if untrusted(err) {
		e.hint = "Is there a proxy between? Its certificate authority has to be known here"
		return fault.As(fault.Denied, e)
	}
	return fault.As(fault.Transient, e)
}

// refusal is an answer with another status than 2xx.
func (c *Client) refusal(k call, resp *http.Response, secrets ...secret.Value) error {
	e := k.errorf(resp.StatusCode, "", nil)
	e.RetryAfter = retryAfter(resp)
	e.read(resp)
	e.Message, e.Code = c.clean(e.Message, secrets), c.clean(e.Code, secrets)
	e.RequestID = cutString(c.clean(e.RequestID, secrets), 64)
	kind := k.classify(resp.StatusCode)
	e.hint = k.hint(resp.StatusCode)
	if resp.StatusCode == http.StatusForbidden && !e.isUpload() && c.claims.IsPerson() {
		e.hint = "The token is a person's, which may lack the permission, and does not deploy where CI/CD is enforced. " + MakeToken
	}
	return fault.As(kind, e)
}

// classify says what may be done about a status.
func (k call) classify(status int) fault.Kind {
	switch {
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return fault.Transient
	case status < 400:
		return fault.Denied
	case k.op == opUpload && status != http.StatusBadRequest:
		return fault.Transient // an expired URL, or somebody else's upload: the next deploy gets another URL
	case status == http.StatusConflict && k.op == "finalize":
		return fault.Denied // the deploy's state does not allow it, and another try finds it no different
	case status == http.StatusConflict:
		return fault.Transient // something else is being done to the Deployment, and ends
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		return fault.Denied
	case k.op == "update":
		return fault.Rejected // a value of the author's
	default:
		return fault.Broken
	}
}

// hint is what to do about a status.
func (k call) hint(status int) string {
	switch {
	case k.op == opUpload && status == http.StatusForbidden:
		return "The upload URL lives about 10 minutes; the next deploy gets a new one"
	case k.op == opUpload:
		return ""
	case status >= 300 && status < 400:
		return "Check Astro's address (ASTRO_API_URL), and whether a proxy answers in its place"
	case status == http.StatusUnauthorized:
		return MakeToken
	case status == http.StatusForbidden:
		return "Use an API token of this Deployment, its Workspace or its organization; where CI/CD is enforced, a person's token does not deploy"
	case status == http.StatusNotFound:
		return "Check the Deployment's id, and that the token is one of the same organization and, if it is a Deployment's, of this Deployment"
	case status == http.StatusConflict && k.op == "finalize":
		return "Look at the deploy in Astro; the next run makes a new one"
	default:
		return ""
	}
}
