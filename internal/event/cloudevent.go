package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// published is the type of the CloudEvent that wraps a message of a Pub/Sub topic.
const published = "google.cloud.pubsub.topic.v1.messagePublished"

// cloudEvent is what matters of one (the CloudEvents specification, 1.0) that came as one JSON object, in structured mode.
// In binary mode all but the data is in headers: its receiver puts it together.
type cloudEvent struct {
	// Type says what happened, such as google.cloud.storage.object.v1.finalized.
	Type string `json:"type"`
	// Source says where, for errors.
	Source string `json:"source"`
	// Time is when, if that was told.
	Time time.Time `json:"time"`
	// Data is JSON.
	Data json.RawMessage `json:"data"`
}

// decode reads a CloudEvent of Cloud Storage or of a Pub/Sub topic, as Eventarc delivers them. Any other is ErrUnknown,
// and the error names it and says what to do.
func (e cloudEvent) decode(depth int) (Message, error) {
	switch {
	case strings.HasPrefix(e.Type, objectTypes):
		return e.object()
	case e.Type == published:
		return pubSub(e.Data, depth)
	}
	return Message{}, fmt.Errorf("%w: the CloudEvent %q of %q: %s", ErrUnknown, e.Type, e.Source, subscribe)
}

// structured reads a CloudEvent that came as one JSON object.
func structured(body []byte, depth int) (Message, error) {
	var e struct {
		cloudEvent
		Base64 []byte `json:"data_base64"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return Message{}, fmt.Errorf("%w: a CloudEvent cannot be read (%w): %s", ErrUnknown, err, beginning(body))
	}
	if e.Base64 != nil {
		e.Data = e.Base64
	}
	return e.decode(depth)
}
