package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/local/cloudrun"
	"github.com/dagferry/dagferry/internal/local/fakegcs"
	"github.com/dagferry/dagferry/internal/local/pubsub"
)

// requestTimeout and concurrency are what the Terraform module sets.
const (
	requestTimeout = 1200 * time.Second
	concurrency    = 80
)

// google is Cloud Storage, a topic with a push subscription, and a Cloud Run function.
type google struct {
	objects  *fakegcs.Server
	topic    *pubsub.Topic
	function *cloudrun.Service

	stopPushing context.CancelFunc
	pushed      sync.WaitGroup
	pushError   error
	closers     closers
}

// startGoogle starts the servers and the function, in the order in which they need each other.
func startGoogle(ctx context.Context, s stage) (_ cloud, err error) {
	g := &google{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	if g.topic, err = pubsub.Start(pubsub.Options{}); err != nil {
		return nil, err
	}
	g.closers.add(g.topic.Close)
	if g.objects, err = fakegcs.New(fakegcs.WithPubSub(g.topic.Address(), g.topic.Project(), g.topic.Name(), prefix)); err != nil {
		return nil, err
	}
	g.closers.add(g.objects.Close)
	g.objects.Create(dagBucket, true)
	g.objects.Create(stateBucket, false)
	env := s.env(g.scheme())
	env["FUNCTION_TARGET"], env["STORAGE_EMULATOR_HOST"] = "Sync", g.objects.Endpoint
	g.function, err = cloudrun.Start(cloudrun.Options{
		Path: s.function.path, Env: env, Concurrency: concurrency, Timeout: requestTimeout, Log: s.log,
	})
	if err != nil {
		return nil, fmt.Errorf("start the function: %w", err)
	}
	g.closers.add(g.function.Close)
	ctx, g.stopPushing = context.WithCancel(ctx)
	g.pushed.Go(func() { g.pushError = g.topic.Push(ctx, g.function.URL()) })
	return g, nil
}

func (g *google) scheme() string { return "gs" }

func (g *google) says() string {
	return "fake-gcs-server, a Pub/Sub topic with a push subscription, Astro's simulator and the real Cloud Run function"
}

func (g *google) store() string { return g.objects.Endpoint }

func (g *google) open(ctx context.Context, url string) (bucket.Bucket, error) {
	return gcs.Open(ctx, url, gcs.Options{Endpoint: g.objects.Endpoint})
}

func (g *google) upload(ctx context.Context, key string, body []byte) error {
	return g.objects.Write(ctx, dagBucket, key, body)
}

func (g *google) remove(ctx context.Context, key string) error {
	return g.objects.Remove(ctx, dagBucket, key)
}

func (g *google) atRest() bool { return g.topic.Waiting() == 0 && g.function.InFlight() == 0 }

func (g *google) close() error {
	if g.stopPushing != nil {
		g.stopPushing()
		g.function.Kill() // a run under way would hold the demo up for its budget
		g.pushed.Wait()
	}
	return errors.Join(g.pushError, g.closers.close())
}
