package main

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/dispatch/sqsqueue"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
)

const (
	// grace is how long a deploy that has begun may take when the process is asked to stop: below the half minute that
	// schedulers of containers give. Users measured 4–17 s.
	grace = 25 * time.Second
	// hiddenMargin is added to the longest run: others must not get a message that is being worked on.
	hiddenMargin = 60 * time.Second
)

type watchOptions struct {
	config          string
	targets         []string
	interval, sweep time.Duration
	queue, health   string
	verbose         bool
}

func newWatch() *cobra.Command {
	var o watchOptions
	c := &cobra.Command{
		Use:   "watch",
		Short: "Keep Deployments up to date, as a daemon",
		Long: `watch does what the functions do, for those who have none: it looks at the sources again and again, or takes the
bucket's events from an SQS queue, and makes a run when something changed. Any number of them, functions beside them too, may
serve the same Deployment.

A look at a target that did not change costs one GET and a LIST for every 1,000 objects. The configuration is read anew each
time; one that cannot be used is reported, and the one before goes on.

SIGTERM ends it at a safe step: what is only gathered is dropped, a deploy that has begun is finished, within 25 s. Logs are JSON,
on standard error; runs that change nothing are silent without --verbose.`,
		Example: `  dagferry watch
  dagferry watch --interval 1m --health :8080
  dagferry watch --queue https://sqs.eu-central-1.amazonaws.com/123456789012/dagferry`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runWatch(cmd, o) },
	}
	f := c.Flags()
	f.StringVarP(&o.config, "config", "c", "", "the configuration (default: dagferry.yaml here or in a folder above)")
	f.StringSliceVarP(&o.targets, "target", "t", nil, "only these targets (default: all)")
	f.DurationVar(&o.interval, "interval", 10*time.Second, "how often the sources are looked at, where there is no queue")
	f.DurationVar(&o.sweep, "sweep", 10*time.Minute, "how often Astro is asked what is live")
	f.StringVar(&o.queue, "queue", "", "the URL of an SQS queue that gets the buckets' events")
	f.StringVar(&o.health, "health", "", "an address for GET /healthz, such as :8080")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log each step of each run")
	return c
}

func (o watchOptions) check() error {
	if o.interval < time.Second || o.sweep < time.Second {
		return usageError{fmt.Errorf("--interval and --sweep must be a second or more")}
	}
	if o.queue != "" && !strings.Contains(o.queue, "://") {
		return usageError{fmt.Errorf("--queue %s is no URL; it looks like https://sqs.eu-central-1.amazonaws.com/123456789012/dagferry", o.queue)}
	}
	if o.queue != "" && len(o.targets) > 0 {
		return usageError{fmt.Errorf("--target and --queue do not go together: a message of the queue may concern any target, and would be lost; " +
			"give the daemon a configuration with its targets only, and a queue of their own")}
	}
	return nil
}

func runWatch(cmd *cobra.Command, o watchOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	ctx := cmd.Context()
	path, err := configPath(o.config)
	if err != nil {
		return err
	}
	reader := newReader()
	cfg, err := loadConfig(ctx, reader, path)
	if err != nil {
		return err
	}
	opener, err := newOpener(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = opener.Checks.Close() }() // the process ends anyway
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
	w := &watcher{
		watchOptions: o, log: log, path: path, reader: reader, config: cfg, status: newStatusBoard(o.interval),
		running: map[string]bool{}, sweeps: map[string]time.Time{}, failing: map[string]time.Time{}, rests: map[string]time.Time{},
		dispatch: dispatch.Dispatcher{
			Log: log, Open: opener,
			Syncer: syncer.Syncer{Version: version, Budgets: syncer.LambdaBudgets(), Grace: grace, Memory: &syncer.Memory{}},
		},
	}
	if err := w.known(cfg); err != nil {
		return err
	}
	if o.verbose {
		w.dispatch.Syncer.Log = log
	}
	w.dispatch.Ended = w.ended
	return w.watch(ctx)
}

// watcher is the daemon.
type watcher struct {
	watchOptions
	log      *slog.Logger
	path     string
	reader   *config.Reader
	dispatch dispatch.Dispatcher
	status   *statusBoard

	mu      sync.Mutex
	config  config.Config        // the newest that can be used
	running map[string]bool      // by target, as what follows
	sweeps  map[string]time.Time // when the next one is due
	failing map[string]time.Time // since when its runs fail
	rests   map[string]time.Time // until when it is left alone, because they do
}

// watch works until ctx ends, and then until the last run has ended.
func (w *watcher) watch(ctx context.Context) error {
	if w.health != "" {
		stop, err := w.status.serve(ctx, w.health, w.log)
		if err != nil {
			return err
		}
		defer stop()
	}
	var group sync.WaitGroup
	if w.queue != "" {
		poller, err := w.poller(ctx)
		if err != nil {
			return err
		}
		group.Go(func() { poller.Run(ctx) })
	}
	w.log.Info("watching", "config", w.path, "targets", len(w.current().Targets), "version", version)
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for ctx.Err() == nil {
		w.status.alive()
		w.look(ctx, &group)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	w.log.Info("stopping: runs that have begun to deploy are finished")
	group.Wait()
	return nil
}

func (w *watcher) poller(ctx context.Context) (sqsqueue.Poller, error) {
	aws, err := awssdk.Config(ctx, "")
	if err != nil {
		return sqsqueue.Poller{}, err
	}
	return sqsqueue.Poller{
		Client: sqs.NewFromConfig(aws), Log: w.log, URL: w.queue, Hidden: w.dispatch.Syncer.Budgets.Run() + hiddenMargin,
		Do: func(ctx context.Context, messages []dispatch.Message) []dispatch.Verdict {
			return w.dispatch.Do(ctx, w.read(ctx), messages)
		},
	}, nil
}

// look begins a run for each target that is due. One whose last run still goes on is left out: a slow Deployment holds
// up nobody else.
func (w *watcher) look(ctx context.Context, group *sync.WaitGroup) {
	for _, t := range w.read(ctx).Targets {
		why, due := w.due(t.Name)
		if !due {
			continue
		}
		group.Go(func() {
			w.ran(t.Name, w.dispatch.Run(ctx, t, why))
		})
	}
}

// due marks a target as running, if it is time for a run of it.
func (w *watcher) due(name string) (syncer.Trigger, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	why := syncer.Trigger{Kind: syncer.ByPoll}
	if !time.Now().Before(w.sweeps[name]) {
		why.Kind = syncer.BySweep
	}
	if w.running[name] || time.Now().Before(w.rests[name]) || w.queue != "" && why.Kind != syncer.BySweep {
		return why, false
	}
	if why.Kind == syncer.BySweep {
		w.sweeps[name] = time.Now().Add(w.sweep)
	}
	w.running[name] = true
	return why, true
}

// ran notes the end of a target's run. While its runs fail, they are made less and less often: each of them may read every
// object, and make a deploy that fails too. What another run holds up, or an author has to mend, is looked at as ever.
func (w *watcher) ran(name string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running[name] = false
	switch fault.Of(err) {
	case fault.Transient, fault.Denied, fault.Broken:
		if err == nil {
			break
		}
		if w.failing[name].IsZero() {
			w.failing[name] = time.Now()
		}
		w.rests[name] = time.Now().Add(syncer.Pause(err, 1, time.Since(w.failing[name])))
		return
	case fault.Busy, fault.Rejected:
	}
	delete(w.failing, name)
	delete(w.rests, name)
}

// read reads the configuration anew. Another one may be the remedy for whatever fails.
func (w *watcher) read(ctx context.Context) config.Config {
	fresh, err := w.reader.Load(ctx, w.path)
	if err == nil {
		err = w.known(fresh)
	}
	if ctx.Err() != nil {
		return w.current()
	}
	if news := w.status.configured(err); news && err != nil {
		w.log.Error("the configuration cannot be used; the one before goes on", "error", err)
	}
	if err != nil {
		return w.current()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !reflect.DeepEqual(w.config, fresh) {
		clear(w.rests)
	}
	w.config = fresh
	return w.only(fresh)
}

func (w *watcher) current() config.Config {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.only(w.config)
}

// known refuses a --target that is not configured.
func (w *watcher) known(c config.Config) error {
	var names []string
	for _, t := range c.Targets {
		names = append(names, t.Name)
	}
	for _, name := range w.targets {
		if !slices.Contains(names, name) {
			return usageError{fmt.Errorf("--target %s is none of %s's: %s", name, w.path, strings.Join(names, ", "))}
		}
	}
	return nil
}

// only is the configuration of the targets that are watched: those that have sources, or those that were named.
func (w *watcher) only(c config.Config) config.Config {
	var some []config.Target
	for _, t := range c.Targets {
		if slices.Contains(w.targets, t.Name) || len(w.targets) == 0 && len(t.Sources) > 0 {
			some = append(some, t)
		}
	}
	c.Targets = some
	return c
}

// ended is told how each run ended. What goes on as before is not told again.
func (w *watcher) ended(r syncer.Record) {
	if news := w.status.ended(r); w.verbose || !news && r.Outcome != syncer.Deployed {
		return
	}
	level := slog.LevelInfo
	if r.Outcome != syncer.Deployed && r.Outcome != syncer.Unchanged || len(r.Notes) > 0 {
		level = slog.LevelWarn
	}
	attrs := []any{
		"target", r.Target, "run", r.Run, "outcome", r.Outcome, "reason", r.Reason, "seconds", r.Seconds, "files", r.Files, "digest", r.Digest,
	}
	if notes := slices.Concat(r.Warnings, r.Notes); len(notes) > 0 {
		attrs = append(attrs, "notes", notes)
	}
	if len(r.Findings) > 0 {
		attrs = append(attrs, "findings", r.Findings)
	}
	w.log.Log(context.Background(), level, "done", attrs...)
}
