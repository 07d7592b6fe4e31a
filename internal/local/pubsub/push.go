package pubsub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// pullEach is how long a message waits for its push at most.
const pullEach = 20 * time.Millisecond

// Push pushes the subscription's messages to url until the context ends, and returns when no push is under way.
func (t *Topic) Push(ctx context.Context, url string) error {
	var all sync.WaitGroup
	defer all.Wait()
	attempts := map[string]int{}
	for {
		pulled, err := t.server.GServer.Pull(ctx, &pubsubpb.PullRequest{Subscription: t.subscription(), ReturnImmediately: true}) //nolint:staticcheck // there is no waiting without half a second
		if err != nil {
			return fmt.Errorf("pull messages: %w", err)
		}
		for _, m := range pulled.ReceivedMessages {
			attempts[m.Message.MessageId]++
			d := delivery{topic: t, ack: m.AckId, attempt: attempts[m.Message.MessageId], body: Body(t.subscription(), m.Message)}
			all.Go(func() { d.deliver(ctx, url) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pullEach):
		}
	}
}

// Body is what a push subscription posts ("Receive messages from push subscriptions"): both spellings of each name.
func Body(subscription string, m *pubsubpb.PubsubMessage) []byte {
	at := m.PublishTime.AsTime().Format(time.RFC3339Nano)
	body, _ := json.Marshal(map[string]any{ // texts and bytes always marshal
		"message": map[string]any{
			"attributes": m.Attributes, "data": m.Data,
			"messageId": m.MessageId, "message_id": m.MessageId, "publishTime": at, "publish_time": at,
		},
		"subscription": subscription,
	})
	return body
}

// delivery is one message on its way, for the attempt'th time.
type delivery struct {
	topic   *Topic
	ack     string
	attempt int
	body    []byte
}

func (d delivery) deliver(ctx context.Context, url string) {
	ids, server := []string{d.ack}, &d.topic.server.GServer
	done := d.post(ctx, url)
	if !done && d.attempt >= d.topic.options.Attempts {
		d.topic.dead.Add(1)
		done = true
	}
	if done {
		_, _ = server.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{Subscription: d.topic.subscription(), AckIds: ids}) // the subscription is there
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d.pause()):
		_, _ = server.ModifyAckDeadline(ctx, &pubsubpb.ModifyAckDeadlineRequest{Subscription: d.topic.subscription(), AckIds: ids}) // the same
	}
}

func (d delivery) pause() time.Duration {
	pause := d.topic.options.MinBackoff
	for range d.attempt - 1 {
		if pause >= d.topic.options.MaxBackoff {
			break
		}
		pause *= 2
	}
	return min(pause, d.topic.options.MaxBackoff)
}

// post reports whether the answer acknowledges the message: 102, 200, 201, 202 and 204 do.
func (d delivery) post(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, d.topic.options.AckDeadline)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(d.body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close() // the status is all that counts
	switch answer.StatusCode {
	case http.StatusProcessing, http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		return true
	default:
		return false
	}
}
