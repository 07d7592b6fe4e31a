package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

const (
	// answerTime is what an invocation keeps after its last run: for releasing the lease and keeping the record, 10 s
	// each, and for giving messages back.
	answerTime = 30 * time.Second
	// concurrency bounds the runs of one invocation: each may hold a bundle's connections and temporary space.
	concurrency = 4
)

// host is the Lambda function between invocations.
type host struct {
	env    config.Env
	log    *slog.Logger
	queue  *sqs.Client
	syncer syncer.Syncer
	open   target.Opener
}

// handle is one invocation. Its configuration is read anew. An error gives the whole batch back.
func (h *host) handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	if err := h.longEnough(ctx); err != nil {
		return events.SQSEventResponse{}, err
	}
	cfg, err := h.env.Function()
	if err != nil {
		h.log.Error("the configuration cannot be used", "error", err)
		return events.SQSEventResponse{}, err
	}
	letters := read(cfg, batch)
	ended := h.runAll(ctx, cfg, letters)
	return h.answer(ctx, letters, ended), nil
}

// longEnough refuses a function whose time-out could end a run before its lease.
func (h *host) longEnough(ctx context.Context) error {
	deadline, bounded := ctx.Deadline()
	needs := h.syncer.Budgets.Run() + answerTime
	if left := time.Until(deadline).Round(time.Second); bounded && left < needs {
		return fmt.Errorf("the function's time-out is %s, and a run may take %s: set it to 900 s", left, needs)
	}
	return nil
}

// runAll makes one run for each target that the letters touch, side by side. A slow target does not hold up the runs
// of the others, and a failing one does not end them.
func (h *host) runAll(ctx context.Context, cfg config.Config, letters []letter) map[string]error {
	var mu sync.Mutex
	ended := map[string]error{}
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, t := range cfg.Targets {
		why, touched := because(t.Name, letters)
		if !touched {
			continue
		}
		group.Go(func() error {
			err := h.run(ctx, t, why)
			mu.Lock()
			defer mu.Unlock()
			ended[t.Name] = err
			return nil
		})
	}
	_ = group.Wait() // each run's error is its target's
	return ended
}

// run makes the run of one target, if the invocation has time for it.
func (h *host) run(ctx context.Context, t config.Target, why syncer.Trigger) error {
	if h.longEnough(ctx) != nil {
		return fault.Errorf(fault.Busy, "the invocation has no time left for the target %s", t.Name)
	}
	opened, err := h.open.Target(ctx, t)
	if err != nil {
		h.log.Error("the target cannot be opened", "target", t.Name, "kind", fault.Of(err).String(), "error", err)
		return err
	}
	if deadline, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
	}
	_, err = h.syncer.Run(ctx, opened, why)
	return err
}

// because is the trigger of a target's run, and whether there is one. Where a sweep is due, events come along with it.
func because(name string, letters []letter) (syncer.Trigger, bool) {
	why, touched := syncer.Trigger{Kind: syncer.ByEvent}, false
	for _, l := range letters {
		if !l.touches(name) {
			continue
		}
		touched = true
		if l.sweep {
			why.Kind = syncer.BySweep
		}
		why.Events += l.changes
		if l.newest.After(why.Newest) {
			why.Newest = l.newest
		}
	}
	return why, touched
}

// worst is the error of a letter's targets that decides what becomes of it: it is given back if any of them asks for
// that.
func worst(l letter, ended map[string]error) error {
	err := l.err
	for _, name := range l.targets {
		if e := ended[name]; e != nil && !syncer.Acknowledged(l.sweep, e) {
			err = errors.Join(err, e)
		}
	}
	return err
}
