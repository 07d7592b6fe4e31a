package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/local/lambda"
)

// configuration is the target's. Settling is left out by 1 ms: it is deliberate waiting for authors.
const configuration = `version: 1
targets:
  - name: bench
    sources: [{url: s3://` + dagsBucket + `/dags/}]
    deployment: %s
    token: env://TOKEN
    state: s3://` + stateBucket + `/dagferry/
    settle: 1ms
    runtime: {airflow: "3.1", python: "3.12"}
`

// instance is an instance of the Lambda function: the executable of its package, with the interpreter that it carries, on
// a Runtime API. What is measured is all that happens in AWS but for AWS.
type instance struct {
	function *lambda.Function
	log      *os.File
	ran      bool
}

// dagferry is this program's way, given the unpacked package of its function.
func dagferry(pack, logs string) way {
	return way{name: "dagferry", label: "dagferry", keeps: true, begin: func(_ context.Context, p place) (runner, error) {
		return newInstance(pack, logs, p.settings(), nil)
	}}
}

// settings are the function's environment.
func (p place) settings() map[string]string {
	return map[string]string{
		"DAGFERRY_CONFIG":     fmt.Sprintf(configuration, p.deployment),
		"TOKEN":               astrotest.Token(astrotest.TokenOptions{Name: "bench"}),
		"ASTRO_API_URL":       p.store.Astro + "/v1",
		"AWS_ENDPOINT_URL_S3": p.store.Store,
	}
}

func newInstance(pack, logs string, env map[string]string, ready func()) (*instance, error) {
	log, err := os.OpenFile(logs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // for people
	if err != nil {
		return nil, err
	}
	function, err := lambda.New(lambda.Options{
		Path: filepath.Join(pack, "bootstrap"), Name: "dagferry", Timeout: 15 * time.Minute, MaxInstances: 1, Memory: lambdaMemory,
		Log: log, Ready: ready, Env: env,
	})
	if err != nil {
		return nil, err
	}
	return &instance{function: function, log: log}, nil
}

func (i *instance) run(ctx context.Context, p place) (usage, error) {
	w := &stopwatch{}
	if i.ran {
		var err error
		if w, err = watch(i.function.Processes()[0]); err != nil {
			return usage{}, err
		}
	}
	payload, err := messageOf(p.edited)
	if err != nil {
		return usage{}, err
	}
	w.began = time.Now()
	if err := i.invoke(ctx, p.cores, payload); err != nil {
		return usage{}, err
	}
	i.ran = true
	w.pid = i.function.Processes()[0]
	u, err := w.stop()
	if err != nil {
		return u, err
	}
	if u.steps, err = p.store.steps(ctx); err != nil {
		return u, err
	}
	return u, i.deployed(ctx, p)
}

// invoke hands a batch of a queue to the function, which has to acknowledge all of it.
func (i *instance) invoke(ctx context.Context, c cores, payload []byte) error {
	var answer []byte
	err := c.first(func() (err error) {
		answer, err = i.function.Invoke(ctx, payload)
		return err
	})
	var failures struct{ BatchItemFailures []any }
	if err == nil {
		err = json.Unmarshal(answer, &failures)
	}
	if err != nil || len(failures.BatchItemFailures) > 0 {
		return fmt.Errorf("invoke the function: it answers %q, and its log is %s: %w", answer, i.log.Name(), err)
	}
	return nil
}

// deployed holds what is live to what is in the bucket.
func (i *instance) deployed(ctx context.Context, p place) error {
	want, err := p.store.dags(ctx)
	if err != nil {
		return err
	}
	got, err := p.store.live(ctx, p.deployment)
	if err == nil && got != want {
		err = fmt.Errorf("live are %d files of %d bytes, and the bucket has %d of %d; the function's log is %s", got.Files, got.Bytes, want.Files, want.Bytes, i.log.Name())
	}
	return err
}

func (i *instance) close() error {
	i.function.Close()
	return i.log.Close()
}

// messageOf is the batch of an SQS queue that tells of a change; of the bucket's first object where there was none.
func messageOf(e *edit) ([]byte, error) {
	if e == nil {
		e = &edit{Key: "dags/__init__.py", Time: time.Now().Add(-editedBefore)}
	}
	type entry map[string]any
	body, err := json.Marshal(entry{"Records": []entry{{
		"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": e.Time.UTC(),
		"s3": entry{"bucket": entry{"name": dagsBucket}, "object": entry{"key": e.Key}},
	}}})
	if err != nil {
		return nil, err
	}
	return json.Marshal(entry{"Records": []entry{{
		"messageId": "bench", "receiptHandle": "bench", "body": string(body), "eventSource": "aws:sqs", "awsRegion": "us-east-1",
		"eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:bench",
		"attributes":     entry{"ApproximateReceiveCount": "1", "SentTimestamp": strconv.FormatInt(e.Time.UnixMilli(), 10)},
	}}})
}

// readiness tells when an instance was ready.
type readiness struct {
	mu sync.Mutex
	at time.Time
}

func (r *readiness) now() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = time.Now()
}
