package event

import (
	"encoding/json"
	"fmt"
)

// pushed is the body of a Pub/Sub push ("Create push subscriptions" in the Pub/Sub documentation), and the data of the
// CloudEvent that wraps one.
type pushed struct {
	Message struct {
		Data       []byte            `json:"data"`
		Attributes map[string]string `json:"attributes"`
	} `json:"message"`
	Subscription string `json:"subscription"`
}

// pubSub reads a notification of Cloud Storage, or any other envelope that a message carries: a sweep's, of a schedule.
func pubSub(body []byte, depth int) (Message, error) {
	var p pushed
	if err := json.Unmarshal(body, &p); err != nil {
		return Message{}, fmt.Errorf("%w: a Pub/Sub message cannot be read (%w): %s", ErrUnknown, err, beginning(body))
	}
	m, err := p.read(depth)
	if err != nil {
		return Message{}, fmt.Errorf("in a Pub/Sub message of the subscription %s: %w", p.Subscription, err)
	}
	return m, nil
}

func (p pushed) read(depth int) (Message, error) {
	attributes := p.Message.Attributes
	for _, name := range []string{"bucketId", "objectId", "notificationConfig"} {
		if attributes[name] != "" {
			return gcsNotification(attributes)
		}
	}
	return decode(p.Message.Data, depth+1)
}
