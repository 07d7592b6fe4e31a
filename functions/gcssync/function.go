// Package gcssync is the Cloud Run function: Cloud Storage tells a Pub/Sub topic of changes, the topic pushes them here
// one by one, and it makes one run (internal/syncer) at a time for each target that they touch, and one more for all
// that came meanwhile (internal/dispatch). A request is answered when the run that covers it has ended: what that
// answered decides whether the message is acknowledged or comes back.
package gcssync

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/parse/validator/cloudrun"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/secret/secretmanager"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

// version is set by the package's build.
var version = "dev"

// grace is what Cloud Run gives a process that it ends, 10 s, less the time to say so.
const grace = 7 * time.Second

// The functions framework wants functions to be registered before main begins. Nothing else happens then: the host is
// made by the first request, so that a build or a health check needs no configuration.
func init() { //nolint:gochecknoinits // as said
	made := sync.OnceValues(func() (*host, error) { return newHost(config.OS()) })
	functions.HTTP("Sync", func(w http.ResponseWriter, r *http.Request) {
		h, err := made()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// newHost makes what outlives a request: clients with their connections, the check workers, and the runs.
func newHost(env config.Env) (*host, error) {
	// The interpreter that reads authors' files runs as the same user: it must not read this process's memory.
	if err := parse.HardenProcess(); err != nil {
		return nil, fmt.Errorf("protect the process: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: cloudLogging}))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	transport := gcs.NewTransport()
	openGCS := func(ctx context.Context, s config.Source) (bucket.Bucket, error) {
		return gcs.Open(ctx, s.URL, gcs.Options{Transport: transport, RequesterPays: s.RequesterPays})
	}
	openConfig := func(ctx context.Context, prefix string) (bucket.Bucket, error) {
		return gcs.Open(ctx, prefix, gcs.Options{Transport: transport, MaxValue: config.MaxSize})
	}
	secrets := secret.Local(env.Lookup)
	secrets[secretmanager.Scheme] = secretmanager.New(secretmanager.Options{})
	d := &dispatch.Dispatcher{
		Log:    log,
		Ended:  metrics{os.Stdout}.ended,
		Syncer: syncer.Syncer{Log: log, Version: version, Budgets: syncer.CloudRunBudgets(), Grace: grace, Memory: &syncer.Memory{}},
		Open: target.Opener{
			Buckets: map[string]target.Open{"gs": openGCS}, Secrets: secrets, AstroURL: env.AstroURL(), Version: version,
			Checks: &target.Checks{
				Interpreter: func() (string, error) { return interpreter(env) },
				Validators:  map[string]target.Reach{"https": func(_ context.Context, url string) (validator.Transport, error) { return cloudrun.New(url) }},
			},
		},
	}
	h := &host{
		env: env, log: log, runs: dispatch.NewCoalescer(ctx, d),
		configuration: &config.Reader{Fetch: map[string]config.Fetch{
			"gs": config.FromBucket(openConfig), secretmanager.Scheme: secretmanager.Document(secretmanager.Options{}),
		}},
	}
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
		log.Info("stopping: a deploy that has begun is finished")
		h.runs.Wait()
		time.Sleep(time.Second / 2) // for the answers of those who waited
		os.Exit(0)
	}()
	return h, nil
}

// cloudLogging names a line's level and text as Cloud Logging reads them ("Structured logging").
func cloudLogging(groups []string, a slog.Attr) slog.Attr {
	switch {
	case len(groups) > 0:
	case a.Key == slog.MessageKey:
		a.Key = "message"
	case a.Key == slog.LevelKey:
		a.Key = "severity"
		if level, ok := a.Value.Any().(slog.Level); ok && level == slog.LevelWarn {
			a.Value = slog.StringValue("WARNING")
		}
	}
	return a
}
