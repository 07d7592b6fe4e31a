// Package fault sorts errors by what the one who gets them may do, so that no host has to know an SDK's error
// codes. An adapter classifies its SDK's errors once, where they come in; everything above only wraps them.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind is what may be done about an error.
type Kind int

const (
	// Broken is a bug or corrupted state: report it, raise the alarm, keep the event for people to look at.
	// It is the zero Kind: an error that nobody classified is a bug until somebody says otherwise.
	Broken Kind = iota
	// Transient passes by itself: try again, later.
	Transient
	// Busy means that another run is at work: do not acknowledge the event, it has to come back.
	Busy
	// Rejected means that the author must act; what is live stays live.
	Rejected
	// Denied means that the operator must act: token, IAM, CI/CD enforcement, DAG deploys switched off.
	Denied
)

func (k Kind) String() string {
	switch k {
	case Transient:
		return "transient"
	case Busy:
		return "busy"
	case Rejected:
		return "rejected"
	case Denied:
		return "denied"
	default:
		return "broken"
	}
}

type classified struct {
	kind Kind
	err  error
}

func (c *classified) Error() string { return c.err.Error() }
func (c *classified) Unwrap() error { return c.err }

// As gives err a kind. The outermost kind counts. As(k, nil) is nil.
func As(kind Kind, err error) error {
	if err == nil {
		return nil
	}
	return &classified{kind, err}
}

// Errorf is fmt.Errorf with a kind.
func Errorf(kind Kind, format string, args ...any) error {
	return &classified{kind, fmt.Errorf(format, args...)}
}

// Of is err's kind. What nobody classified is Broken, except an ended context, which is Transient: whoever ended
// it (a time-out, a shutdown) did not decide anything about the work. Of(nil) is not meaningful.
func Of(err error) Kind {
	var c *classified
	if errors.As(err, &c) {
		return c.kind
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Transient
	}
	return Broken
}
