package s3server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
)

// Record is one record of an event notification (page "Event message structure"). It has no versionId: nothing is
// versioned here.
type Record struct {
	EventVersion      string            `json:"eventVersion"`
	EventSource       string            `json:"eventSource"`
	AWSRegion         string            `json:"awsRegion"`
	EventTime         string            `json:"eventTime"`
	EventName         string            `json:"eventName"` // without s3: in front
	UserIdentity      Identity          `json:"userIdentity"`
	RequestParameters map[string]string `json:"requestParameters"`
	ResponseElements  map[string]string `json:"responseElements"`
	S3                Entity            `json:"s3"`
}

// Identity names who did or owns something.
type Identity struct {
	PrincipalID string `json:"principalId"`
}

// Entity is the bucket and the object of a Record.
type Entity struct {
	SchemaVersion   string        `json:"s3SchemaVersion"`
	ConfigurationID string        `json:"configurationId"`
	Bucket          EventBucket   `json:"bucket"`
	Object          EventedObject `json:"object"`
}

// EventBucket is the bucket of a Record.
type EventBucket struct {
	Name          string   `json:"name"`
	OwnerIdentity Identity `json:"ownerIdentity"`
	ARN           string   `json:"arn"`
}

// EventedObject is the object of a Record.
type EventedObject struct {
	Key       string `json:"key"`            // URL-encoded, a space is a plus sign
	Size      *int64 `json:"size,omitempty"` // nil for removals
	ETag      string `json:"eTag,omitempty"` // without quotes; empty for removals
	Sequencer string `json:"sequencer"`      // hexadecimal, grows with each event of a key
}

// change is an event's name.
type change string

const (
	put       change = "ObjectCreated:Put"
	copied    change = "ObjectCreated:Copy"
	completed change = "ObjectCreated:CompleteMultipartUpload"
	removed   change = "ObjectRemoved:Delete"
)

// changeOf is what a request does to its object, or nothing: parts of an upload are no objects yet.
func changeOf(req *request) change {
	upload := req.query.Has("uploadId")
	switch {
	case req.Method == http.MethodPost && upload:
		return completed
	case upload || req.Method == http.MethodPost:
		return ""
	case req.Method == http.MethodDelete:
		return removed
	case req.Header.Get("X-Amz-Copy-Source") != "":
		return copied
	}
	return put
}

// notifier hands events out, each in a goroutine of its own: S3 promises no order.
type notifier struct {
	options Options
	ctx     context.Context //nolint:containedctx // of the server, ended by close
	cancel  context.CancelFunc
	pending sync.WaitGroup
	counter atomic.Uint64
}

func newNotifier(options Options) *notifier {
	ctx, cancel := context.WithCancel(context.Background())
	n := &notifier{options: options, ctx: ctx, cancel: cancel}
	n.counter.Store(uint64(options.Now().UnixNano()))
	return n
}

func (n *notifier) close() {
	n.cancel()
	n.pending.Wait()
}

func (n *notifier) sequencer() string { return fmt.Sprintf("%018X", n.counter.Add(1)) }

func (n *notifier) tell(change change, bucket string, o object) {
	if !strings.HasPrefix(o.key, n.options.Prefix) {
		return
	}
	record := n.record(change, bucket, o)
	n.send(map[string][]Record{"Records": {record}})
	if n.options.OnEvent != nil {
		n.pending.Go(func() { n.options.OnEvent(record) })
	}
}

// test is what S3 sends when a notification is set up. It has no Records.
func (n *notifier) test(bucket string) {
	n.send(map[string]string{
		"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": n.now(), "Bucket": bucket,
		"RequestId": n.sequencer(), "HostId": "local",
	})
}

func (n *notifier) send(message any) {
	body, err := json.Marshal(message)
	if n.options.Notify == nil || err != nil {
		return
	}
	n.pending.Go(func() { n.options.Notify(n.ctx, body) })
}

func (n *notifier) now() string { return n.options.Now().UTC().Format("2006-01-02T15:04:05.000Z") }

func (n *notifier) record(change change, bucket string, o object) Record {
	owner := Identity{"LOCAL"}
	target := EventedObject{Key: url.QueryEscape(o.key), Sequencer: n.sequencer()}
	if n.options.PlainSlashes {
		target.Key = strings.ReplaceAll(target.Key, "%2F", "/")
	}
	if change != removed {
		target.Size, target.ETag = &o.size, strings.Trim(o.etag, `"`)
	}
	return Record{
		EventVersion: "2.1", EventSource: "aws:s3", AWSRegion: n.options.Region, EventTime: n.now(), EventName: string(change),
		UserIdentity:      Identity{"AWS:LOCAL"},
		RequestParameters: map[string]string{"sourceIPAddress": "127.0.0.1"},
		ResponseElements:  map[string]string{"x-amz-request-id": target.Sequencer, "x-amz-id-2": "local"},
		S3: Entity{
			SchemaVersion: "1.0", ConfigurationID: "local",
			Bucket: EventBucket{bucket, owner, "arn:aws:s3:::" + bucket},
			Object: target,
		},
	}
}
