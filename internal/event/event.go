// Package event turns the envelopes in which object stores and schedulers tell of a change into changes. Nothing else
// knows an envelope. An event is only a reason to look: what is deployed comes from a listing, never from an event.
package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Change is an object that was written or removed.
type Change struct {
	// Bucket is the bucket's name.
	Bucket string
	// Key is the whole key, decoded.
	Key string
	// Time is when the store says that it happened, in its own clock.
	Time time.Time
	// Name is the store's name for it, such as ObjectCreated:Put.
	Name string
}

// Message is what one envelope tells.
type Message struct {
	// Changes are empty for a sweep and for a store's test event.
	Changes []Change
	// Sweep is the target to be looked after, for a schedule's message.
	Sweep string
}

// ErrUnknown means that an envelope is none of those that are known.
var ErrUnknown = errors.New("unknown event")

// envelope has the fields by which envelopes are told apart.
type envelope struct {
	Records []s3Record
	// Event is s3:TestEvent in what S3 sends when notifications are set up.
	Event    string
	Dagferry *struct {
		Sweep string `json:"sweep"`
	} `json:"dagferry"`
}

// Decode reads an S3 notification, S3's test event, or a sweep's message, {"dagferry": {"sweep": "<target>"}}. Any
// other envelope is ErrUnknown, and the error shows how it begins.
func Decode(body []byte) (Message, error) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return Message{}, fmt.Errorf("%w: it is not JSON (%w): %s", ErrUnknown, err, beginning(body))
	}
	switch {
	case len(e.Records) > 0:
		return s3Notification(e.Records)
	case e.Event == "s3:TestEvent":
		return Message{}, nil
	case e.Dagferry != nil && e.Dagferry.Sweep != "":
		return Message{Sweep: e.Dagferry.Sweep}, nil
	}
	return Message{}, fmt.Errorf("%w: neither an S3 notification nor a sweep: %s", ErrUnknown, beginning(body))
}

// SweepMessage is the message that makes a run look after a target.
func SweepMessage(target string) []byte {
	b, _ := json.Marshal(map[string]any{"dagferry": map[string]string{"sweep": target}}) // strings always marshal
	return b
}

// Touches reports whether a change concerns the prefix of a bucket, "" being all of it.
func (c Change) Touches(bucket, prefix string) bool {
	return c.Bucket == bucket && strings.HasPrefix(c.Key, prefix)
}

// beginning is enough of an envelope to recognise it.
func beginning(body []byte) string {
	const enough = 120
	s := strings.ToValidUTF8(string(body[:min(len(body), enough)]), "�")
	if len(body) > enough {
		s += "…"
	}
	return fmt.Sprintf("%q", s)
}
