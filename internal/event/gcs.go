package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// objectTypes begins the types of the CloudEvents that tell of objects of Cloud Storage.
const objectTypes = "google.cloud.storage.object.v1."

// subscribe says what to do about an event that nobody can read.
const subscribe = "let the bucket tell of OBJECT_FINALIZE, OBJECT_DELETE and OBJECT_ARCHIVE, or the trigger match " +
	objectTypes + "finalized, deleted or archived"

// gcsTells sorts the events of Cloud Storage by both their names: those of CloudEvents ("Event types supported by
// Eventarc"), and those of its own notifications ("Pub/Sub notifications for Cloud Storage").
func gcsTells(name string) tells {
	switch name {
	case "finalized", "OBJECT_FINALIZE", "deleted", "OBJECT_DELETE":
		return changed
	case "archived", "OBJECT_ARCHIVE": // how a bucket that keeps versions tells of a removal, and of an overwriting
		return changed
	case "metadataUpdated", "OBJECT_METADATA_UPDATE": // which access control lists are part of
		return changed
	}
	return unknown
}

// gcsObject is the data of a CloudEvent of Cloud Storage, an object's metadata. Its name is not encoded.
type gcsObject struct {
	Bucket string `json:"bucket"`
	Name   string `json:"name"`
}

func (e cloudEvent) object() (Message, error) {
	name := strings.TrimPrefix(e.Type, objectTypes)
	var o gcsObject
	if err := json.Unmarshal(e.Data, &o); err != nil {
		return Message{}, fmt.Errorf("%w: the CloudEvent %s has data that cannot be read (%w): leave the trigger's content type application/json", ErrUnknown, e.Type, err)
	}
	return gcsChange(name, o.Bucket, o.Name, e.Time)
}

// gcsNotification reads what a bucket publishes to a topic. All that matters is in its attributes, which are there
// whatever the payload's format.
func gcsNotification(attributes map[string]string) (Message, error) {
	name := attributes["eventType"]
	var at time.Time
	if told := attributes["eventTime"]; told != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, told); err != nil {
			return Message{}, fmt.Errorf("%w: the notification %s of Cloud Storage has the eventTime %q: leave it as Cloud Storage sends it", ErrUnknown, name, told)
		}
	}
	return gcsChange(name, attributes["bucketId"], attributes["objectId"], at)
}

func gcsChange(name, bucket, key string, at time.Time) (Message, error) {
	if gcsTells(name) == unknown {
		return Message{}, fmt.Errorf("%w: the event %q of Cloud Storage: %s", ErrUnknown, name, subscribe)
	}
	if bucket == "" || key == "" {
		return Message{}, fmt.Errorf("%w: the event %s of Cloud Storage names no bucket or no object: leave it as Cloud Storage sends it", ErrUnknown, name)
	}
	return Message{Changes: []Change{{"gs", bucket, key, at, name}}}, nil
}
