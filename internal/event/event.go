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

// Change is an object that was written or removed, or that can be read now and could not be before, or the reverse.
type Change struct {
	// Scheme is the store's, as addresses have it: s3 or gs. A bucket of each may have the same name.
	Scheme string
	// Bucket is the bucket's name.
	Bucket string
	// Key is the whole key, decoded.
	Key string
	// Time is when the store says that it happened, in its own clock.
	Time time.Time
	// Name is the store's name for it, such as ObjectCreated:Put, or Object Created where EventBridge tells;
	// OBJECT_FINALIZE, or finalized where Eventarc does.
	Name string
}

// Message is what one envelope tells.
type Message struct {
	// Changes are empty for a sweep, for a store's test event, and for events after which nothing else can be read.
	Changes []Change
	// Sweep is the target to be looked after, for a schedule's message.
	Sweep string
}

// ErrUnknown means that an envelope is none of those that are known, or holds what it should not.
var ErrUnknown = errors.New("unknown event")

// deepest is how many envelopes may be around one that tells a change. The longest way that is set up on purpose has
// one, EventBridge → SNS → SQS or Pub/Sub → Eventarc; the rest is for topics that are chained.
const deepest = 3

// Decode reads a function's payload, the body of a queue's message or of a request: an S3 notification, S3's test event,
// S3's events by EventBridge, any of them by SNS; a notification of Cloud Storage by Pub/Sub, a CloudEvent in structured
// mode; or a sweep's message, {"dagferry": {"sweep": "<target>"}}, by any of these ways. Any other envelope is ErrUnknown,
// and the error names it and says what to do.
func Decode(body []byte) (Message, error) { return decode(body, 0) }

func decode(body []byte, depth int) (Message, error) {
	if depth > deepest {
		return Message{}, fmt.Errorf("%w: it is inside of more than %d others: subscribe closer to the bucket", ErrUnknown, deepest)
	}
	// A map, because encoding/json takes Pub/Sub's message for SNS's Message if a struct has the field.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return Message{}, fmt.Errorf("%w: it is not a JSON object (%w): %s", ErrUnknown, err, beginning(body))
	}
	has := func(name string) bool { return fields[name] != nil }
	switch {
	case has("Records"):
		return records(body, depth)
	case string(fields["Event"]) == `"s3:TestEvent"`:
		return Message{}, nil
	case has("Type") && has("TopicArn"):
		return snsNotification(body, depth)
	case has("source") && has("detail-type"):
		return eventBridge(body)
	case has("specversion"):
		return structured(body, depth)
	case has("message") && has("subscription"):
		return pubSub(body, depth)
	case has("dagferry"):
		return sweep(body)
	}
	if name, remedy := stripped(has); name != "" {
		return Message{}, fmt.Errorf("%w: it is %s: %s: %s", ErrUnknown, name, remedy, beginning(body))
	}
	return Message{}, fmt.Errorf("%w: it is no S3 notification, SNS notification, EventBridge event, Pub/Sub message, CloudEvent or sweep: %s", ErrUnknown, beginning(body))
}

// record is what services invoke a function with, and what S3 puts into queues and topics as well.
type record struct {
	EventSource string `json:"eventSource"` // SNS writes EventSource, which encoding/json takes for it
	s3Record
	snsRecord
}

func records(body []byte, depth int) (Message, error) {
	var e struct{ Records []record }
	if err := json.Unmarshal(body, &e); err != nil {
		return Message{}, fmt.Errorf("%w: its records cannot be read (%w): %s", ErrUnknown, err, beginning(body))
	}
	if len(e.Records) == 0 {
		return Message{}, fmt.Errorf("%w: it has no records: %s", ErrUnknown, beginning(body))
	}
	var all Message
	for i, r := range e.Records {
		m, err := r.read(depth)
		if err == nil {
			err = all.add(m)
		}
		if err != nil {
			return Message{}, fmt.Errorf("record %d: %w", i, err)
		}
	}
	return all, nil
}

func (r record) read(depth int) (Message, error) {
	switch r.EventSource {
	case "aws:s3", "minio:s3":
		return r.s3Record.read()
	case "aws:sns":
		return r.Sns.read(depth)
	}
	return Message{}, fmt.Errorf("%w: it comes from %q: only S3 and SNS may send records", ErrUnknown, r.EventSource)
}

func (m *Message) add(other Message) error {
	if m.Sweep != "" && other.Sweep != "" && m.Sweep != other.Sweep {
		return fmt.Errorf("%w: it sweeps %q, and one before it %q: send one message for each target", ErrUnknown, other.Sweep, m.Sweep)
	}
	m.Changes = append(m.Changes, other.Changes...)
	if other.Sweep != "" {
		m.Sweep = other.Sweep
	}
	return nil
}

// stripped names what Google Cloud sends without what says what happened, and what to do; "" for anything else.
func stripped(has func(string) bool) (name, remedy string) {
	switch {
	case has("kind") && has("bucket"):
		return "an object of Cloud Storage without its event", "let the subscription push messages in their envelope (no payload unwrapping)"
	case has("@type"):
		return "a message for a first-generation function", "deploy a second-generation one"
	}
	return "", ""
}

// Touches reports whether a change concerns the prefix of a bucket, "" being all of it.
func (c Change) Touches(scheme, bucket, prefix string) bool {
	return c.Scheme == scheme && c.Bucket == bucket && strings.HasPrefix(c.Key, prefix)
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
