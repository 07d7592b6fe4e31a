package event

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// s3Record is one record of an S3 event notification ("Event message structure" in the S3 user guide).
type s3Record struct {
	EventTime time.Time `json:"eventTime"`
	EventName string    `json:"eventName"`
	S3        s3Object  `json:"s3"`
}

// s3Object is the same in notifications and in EventBridge's events, but for the key, which only the former encode.
type s3Object struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key string `json:"key"`
	} `json:"object"`
}

func (r s3Record) read() (Message, error) {
	// MinIO puts s3: before its event names, and S3 before those of replication.
	name := strings.TrimPrefix(r.EventName, "s3:")
	switch s3Tells(name) {
	case unknown:
		return Message{}, fmt.Errorf("%w: the S3 event %q: subscribe s3:ObjectCreated:*, s3:ObjectRemoved:*, s3:LifecycleExpiration:* and s3:ObjectRestore:Completed only", ErrUnknown, r.EventName)
	case nothing:
		return Message{}, nil
	case changed:
	}
	// Keys are encoded as in a query: a space is a plus.
	key, err := url.QueryUnescape(r.S3.Object.Key)
	if err != nil {
		return Message{}, fmt.Errorf("%w: the S3 event %s has the key %q, which is not URL-encoded (%w): leave the notification as S3 sends it", ErrUnknown, name, r.S3.Object.Key, err)
	}
	r.S3.Object.Key = key
	return r.S3.change(name, r.EventTime)
}

func (o s3Object) change(name string, at time.Time) (Message, error) {
	if o.Bucket.Name == "" || o.Object.Key == "" {
		return Message{}, fmt.Errorf("%w: the S3 event %s names no bucket or no key: leave the event as S3 sends it", ErrUnknown, name)
	}
	return Message{Changes: []Change{{"s3", o.Bucket.Name, o.Object.Key, at, name}}}, nil
}

// tells is what a kind of event says.
type tells int

const (
	unknown tells = iota
	// changed means that a run may read something else than before. In doubt it is this: a run for nothing costs a
	// listing, and a missed one waits for the next sweep.
	changed
	// nothing means that a run would read the same. It is no error: it comes where somebody subscribed to everything.
	nothing
)

// s3Tells sorts the events of S3 ("Event notification types and destinations" in the S3 user guide) and of MinIO.
func s3Tells(name string) tells {
	family, _, _ := strings.Cut(name, ":")
	switch family {
	case "ObjectCreated", "ObjectRemoved", "LifecycleExpiration", "ReducedRedundancyLostObject":
		return changed
	case "LifecycleTransition", "IntelligentTiering": // archived objects cannot be read
		return changed
	case "ObjectTagging", "ObjectAcl": // policies may allow reading by tag, as malware scanners' do
		return changed
	case "ObjectTransition", "LifecycleDelMarkerExpiration": // MinIO's
		return changed
	case "ObjectRestore":
		if name == "ObjectRestore:Post" { // only asked for
			return nothing
		}
		return changed
	case "ObjectAnnotation", "ObjectRetention", "Replication":
		return nothing
	case "ObjectAccessed": // MinIO's: a run that answered it would cause the next
		return nothing
	}
	return unknown
}
