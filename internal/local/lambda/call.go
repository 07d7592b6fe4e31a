package lambda

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// call is one invocation.
type call struct {
	id       string
	payload  []byte
	deadline time.Time

	once   sync.Once
	answer []byte
	err    error
	ended  chan struct{} // closed when the instance asked for the next event
	over   chan struct{} // closed when that is so, or the instance is gone: answer and err are set
}

func newCall(payload []byte) *call {
	return &call{id: newID(), payload: payload, ended: make(chan struct{}), over: make(chan struct{})}
}

// finish sets the outcome; only the first one counts. It reports whether this was it.
func (c *call) finish(answer []byte, err error) (first bool) {
	c.once.Do(func() { c.answer, c.err, first = answer, err, true })
	return first
}

// FunctionError is how an invocation failed.
type FunctionError struct {
	// Type is what Lambda says, such as Runtime.ExitError or Sandbox.Timedout, or the name of the function's error.
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
	// Payload is the document that the function answered its error with, if it did.
	Payload []byte `json:"-"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// reported is the error in a document that a runtime posted.
func reported(payload []byte) *FunctionError {
	e := &FunctionError{Payload: payload}
	if json.Unmarshal(payload, e) != nil || e.Type == "" {
		e.Type = "Runtime.Unknown"
	}
	return e
}

func timedOut(id string, after time.Duration) *FunctionError {
	return &FunctionError{Type: "Sandbox.Timedout", Message: fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", id, after.Seconds())}
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}
