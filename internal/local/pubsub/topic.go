// Package pubsub is a topic of Pub/Sub with a push subscription on this machine, for the demo and for end-to-end tests.
// The topic is pstest's; it pushes nothing itself, so that is done here by the rules of a push subscription: side by side,
// in no order, again after a pause that doubles where the answer is no success, again too when no answer came within the
// ack deadline although the first request is still under way, and a dead letter in the end. (pstest's own dead letters are
// pulled for ever once they were given back.)
//
// Pushes are not slowed down by how the last ones went, as Pub/Sub does, and carry no token.
package pubsub

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
)

// Options are a topic's and its subscription's. The defaults are the Terraform module's.
type Options struct {
	// Project and Name are the topic's; test and dags when empty.
	Project, Name string
	// AckDeadline is how long an answer may take; 600 s, the most that there is, when 0.
	AckDeadline time.Duration
	// MinBackoff and MaxBackoff bound the pause before a message comes again; 10 s and 30 s when 0.
	MinBackoff, MaxBackoff time.Duration
	// Attempts is how often a message is pushed before it is a dead letter; 100, the most that there is, when 0.
	Attempts int
}

// Topic is a topic with one subscription. Make one with Start, end it with Close.
type Topic struct {
	options Options
	server  *pstest.Server
	dead    atomic.Int64
	mu      sync.Mutex // guards the fields of pstest's messages, which are renewed by each look at them
}

// Start makes a topic and its subscription. Nothing is pushed before Push.
func Start(o Options) (*Topic, error) {
	if o.Project == "" {
		o.Project = "test"
	}
	if o.Name == "" {
		o.Name = "dags"
	}
	if o.AckDeadline == 0 {
		o.AckDeadline = 600 * time.Second
	}
	if o.MinBackoff == 0 {
		o.MinBackoff = 10 * time.Second
	}
	if o.MaxBackoff == 0 {
		o.MaxBackoff = 30 * time.Second
	}
	if o.Attempts == 0 {
		o.Attempts = 100
	}
	t := &Topic{options: o, server: pstest.NewServer()}
	if err := t.create(); err != nil {
		_ = t.Close() // the first error tells more
		return nil, fmt.Errorf("start the topic %s: %w", o.Name, err)
	}
	return t, nil
}

func (t *Topic) create() error {
	ctx := context.Background()
	if _, err := t.server.GServer.CreateTopic(ctx, &pubsubpb.Topic{Name: t.topic()}); err != nil {
		return err
	}
	_, err := t.server.GServer.CreateSubscription(ctx, &pubsubpb.Subscription{
		Name: t.subscription(), Topic: t.topic(), AckDeadlineSeconds: int32(t.options.AckDeadline.Seconds()),
	})
	return err
}

func (t *Topic) topic() string { return "projects/" + t.options.Project + "/topics/" + t.options.Name }

func (t *Topic) subscription() string {
	return "projects/" + t.options.Project + "/subscriptions/" + t.options.Name
}

// Address is the host and port at which publishers find it, for PUBSUB_EMULATOR_HOST.
func (t *Topic) Address() string { return t.server.Addr }

// Project is the topic's project.
func (t *Topic) Project() string { return t.options.Project }

// Name is the topic's name.
func (t *Topic) Name() string { return t.options.Name }

// Publish publishes a message.
func (t *Topic) Publish(data []byte, attributes map[string]string) {
	t.server.Publish(t.topic(), data, attributes)
}

// Published is how many messages came.
func (t *Topic) Published() int { return len(t.messages()) }

// Waiting is how many of them are neither acknowledged nor dead letters.
func (t *Topic) Waiting() (n int) {
	for _, acks := range t.messages() {
		if acks == 0 {
			n++
		}
	}
	return n
}

// Dead is how many were given up.
func (t *Topic) Dead() int { return int(t.dead.Load()) }

// messages are how often each message was acknowledged.
func (t *Topic) messages() (acks []int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range t.server.Messages() {
		acks = append(acks, m.Acks)
	}
	return acks
}

// Close ends the topic, and everything in it is gone.
func (t *Topic) Close() error { return t.server.Close() }
