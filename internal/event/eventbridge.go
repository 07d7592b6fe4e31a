package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// eventBridgeEvent is what every EventBridge event has ("Event structure reference" in the EventBridge user guide).
// The detail is left alone until it is known to be S3's: EventBridge Scheduler's is a string.
type eventBridgeEvent struct {
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       time.Time       `json:"time"`
	Detail     json.RawMessage `json:"detail"`
}

func eventBridge(body []byte) (Message, error) {
	var e eventBridgeEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return Message{}, fmt.Errorf("%w: an EventBridge event cannot be read (%w): %s", ErrUnknown, err, beginning(body))
	}
	switch e.Source {
	case "aws.s3":
		return e.s3()
	case "aws.events", "aws.scheduler": // a rule's own Scheduled Event, and what Scheduler sends without an input
		return Message{}, fmt.Errorf("%w: the EventBridge event %q of %s says not what to sweep: set the schedule's input to %s", ErrUnknown, e.DetailType, e.Source, sweepInput)
	}
	return Message{}, fmt.Errorf(`%w: the EventBridge event %q of %q is not S3's: let the rule match {"source": ["aws.s3"]}`, ErrUnknown, e.DetailType, e.Source)
}

// s3 reads an event of S3 ("EventBridge event message structure" in the S3 user guide). Its key is not encoded.
func (e eventBridgeEvent) s3() (Message, error) {
	switch eventBridgeTells(e.DetailType) {
	case unknown:
		return Message{}, fmt.Errorf(`%w: the EventBridge event %q of S3: let the rule match {"detail-type": ["Object Created", "Object Deleted", "Object Restore Completed"]}`, ErrUnknown, e.DetailType)
	case nothing:
		return Message{}, nil
	case changed:
	}
	var o s3Object
	if err := json.Unmarshal(e.Detail, &o); err != nil {
		return Message{}, fmt.Errorf("%w: the EventBridge event %q of S3 has a detail that cannot be read (%w): leave the event as S3 sends it", ErrUnknown, e.DetailType, err)
	}
	return o.change(e.DetailType, e.Time)
}

// eventBridgeTells sorts the events of S3 ("Using EventBridge" in the S3 user guide, "Amazon Simple Storage Service
// events" in the EventBridge events reference), each as s3Tells sorts its like.
func eventBridgeTells(detailType string) tells {
	switch detailType {
	case "Object Created", "Object Deleted":
		return changed
	case "Async Copy Completion": // listed, but its detail is documented nowhere: without a bucket and a key it is an error
		return changed
	case "Object Restore Completed", "Object Restore Expired", "Object Storage Class Changed", "Object Access Tier Changed":
		return changed
	case "Object Tags Added", "Object Tags Deleted", "Object ACL Updated":
		return changed
	case "Object Restore Initiated":
		return nothing
	}
	// A trail's calls come besides S3's own events, and some name no object.
	if strings.HasSuffix(detailType, " via CloudTrail") {
		return nothing
	}
	return unknown
}
