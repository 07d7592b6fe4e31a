package event

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// s3Record is one record of an S3 event notification ("Event message structure" in the S3 user guide).
type s3Record struct {
	EventSource string    `json:"eventSource"`
	EventTime   time.Time `json:"eventTime"`
	EventName   string    `json:"eventName"`
	S3          struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key string `json:"key"`
		} `json:"object"`
	} `json:"s3"`
}

func s3Notification(records []s3Record) (Message, error) {
	var m Message
	for i, r := range records {
		// MinIO writes minio:s3, and puts s3: before its event names.
		if r.EventSource != "aws:s3" && r.EventSource != "minio:s3" {
			return Message{}, fmt.Errorf("%w: record %d comes from %q, not from S3", ErrUnknown, i, r.EventSource)
		}
		name := strings.TrimPrefix(r.EventName, "s3:")
		if !strings.HasPrefix(name, "Object") && !strings.HasPrefix(name, "Lifecycle") {
			return Message{}, fmt.Errorf("%w: record %d is the S3 event %q, which says nothing of an object's contents", ErrUnknown, i, r.EventName)
		}
		// Keys are encoded as in a query: a space is a plus.
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return Message{}, fmt.Errorf("%w: record %d has the key %q, which is not URL-encoded: %w", ErrUnknown, i, r.S3.Object.Key, err)
		}
		if r.S3.Bucket.Name == "" || key == "" {
			return Message{}, fmt.Errorf("%w: record %d names no bucket or no key", ErrUnknown, i)
		}
		m.Changes = append(m.Changes, Change{r.S3.Bucket.Name, key, r.EventTime, name})
	}
	return m, nil
}
