package event

import (
	"encoding/json"
	"fmt"
)

// snsMessage is what a topic delivers ("Parsing Amazon SNS message formats" in the SNS developer guide): the body of a
// queue's message, unless the subscription has raw delivery, which leaves the inner message alone.
type snsMessage struct {
	Type     string `json:"Type"`
	TopicARN string `json:"TopicArn"`
	Message  string `json:"Message"`
}

// snsRecord is one record of a function's payload ("Invoking Lambda functions with Amazon SNS notifications" in the
// Lambda developer guide).
type snsRecord struct {
	Sns snsMessage `json:"Sns"`
}

func snsNotification(body []byte, depth int) (Message, error) {
	var m snsMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return Message{}, fmt.Errorf("%w: an SNS notification cannot be read (%w): %s", ErrUnknown, err, beginning(body))
	}
	return m.read(depth)
}

func (m snsMessage) read(depth int) (Message, error) {
	switch m.Type {
	case "Notification":
		inner, err := decode([]byte(m.Message), depth+1)
		if err != nil {
			return Message{}, fmt.Errorf("in an SNS notification of the topic %s: %w", m.TopicARN, err)
		}
		return inner, nil
	case "SubscriptionConfirmation": // sent where not the queue's owner subscribed it
		return Message{}, fmt.Errorf("%w: an SNS SubscriptionConfirmation of the topic %s: open the SubscribeURL in it, or subscribe from the account that owns the queue", ErrUnknown, m.TopicARN)
	case "UnsubscribeConfirmation":
		return Message{}, fmt.Errorf("%w: an SNS UnsubscribeConfirmation of the topic %s, which tells no changes any more: open the SubscribeURL in it, or subscribe again", ErrUnknown, m.TopicARN)
	}
	return Message{}, fmt.Errorf("%w: an SNS message of the type %q of the topic %s: only notifications are read", ErrUnknown, m.Type, m.TopicARN)
}
