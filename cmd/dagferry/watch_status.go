package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/syncer"
)

// stuck is when a daemon whose loop has not come by for that long is taken for dead. The loop waits for nobody.
const stuck = 5 * time.Minute

// statusBoard is what /healthz shows.
type statusBoard struct {
	mu      sync.Mutex
	now     func() time.Time
	looked  time.Time
	problem string
	targets map[string]targetStatus
}

// targetStatus is how a target's last run ended.
type targetStatus struct {
	Outcome syncer.Outcome `json:"outcome"`
	Reason  string         `json:"reason,omitempty"`
	Ended   time.Time      `json:"ended"`
	// Since is when the outcome became what it is.
	Since time.Time `json:"since"`
}

func newStatusBoard() *statusBoard {
	return &statusBoard{now: time.Now, targets: map[string]targetStatus{}}
}

func (b *statusBoard) alive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked = b.now()
}

func (b *statusBoard) configured(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problem = ""
	if err != nil {
		b.problem = err.Error()
	}
}

// ended notes the end of a run, and reports whether it ended otherwise than the one before.
func (b *statusBoard) ended(r syncer.Record) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now().UTC()
	next := targetStatus{Outcome: r.Outcome, Reason: r.Reason, Ended: now, Since: now}
	last, known := b.targets[r.Target]
	if known && last.Outcome == next.Outcome {
		next.Since = last.Since
	}
	b.targets[r.Target] = next
	return !known || last.Outcome != next.Outcome || last.Reason != next.Reason
}

// serve answers GET /healthz until the returned function is called: 200 while the daemon is at work, whatever becomes of
// its runs, since a restart would mend none of that; 503 when its loop does not come by any more.
func (b *statusBoard) serve(ctx context.Context, address string, log *slog.Logger) (stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, usageError{fmt.Errorf("serve --health: %w", err)}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", b.answer)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("health is no longer served", "error", err)
		}
	}()
	log.Info("health is served", "address", "http://"+listener.Addr().String()+"/healthz")
	return func() { _ = server.Close() }, nil // the process ends
}

func (b *statusBoard) answer(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	status := http.StatusOK
	if b.now().Sub(b.looked) > stuck {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that is gone misses it
		"version": version, "looked": b.looked.UTC(), "configuration": b.problem, "targets": b.targets,
	})
}
