package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/syncer"
)

// stuck is how long a daemon's loop may stay away, beyond its interval, before it is taken for dead. It waits for nobody.
const stuck = 5 * time.Minute

// statusBoard is what /healthz shows.
type statusBoard struct {
	mu      sync.Mutex
	now     func() time.Time
	every   time.Duration
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
	// Notes are what the run noticed, such as other people's deploys.
	Notes         []string `json:"notes,omitempty"`
	TokenDaysLeft *int     `json:"tokenDaysLeft,omitempty"`
}

func newStatusBoard(every time.Duration) *statusBoard {
	return &statusBoard{now: time.Now, every: every, targets: map[string]targetStatus{}}
}

func (b *statusBoard) alive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked = b.now()
}

// configured notes whether the configuration can be used, and reports whether that is news.
func (b *statusBoard) configured(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.problem
	b.problem = ""
	if err != nil {
		b.problem = err.Error()
	}
	return b.problem != before
}

// ended notes the end of a run, and reports whether it tells anything new: another outcome, other notes, or contents that
// were rejected just now and not before.
func (b *statusBoard) ended(r syncer.Record) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now().UTC()
	next := targetStatus{Outcome: r.Outcome, Reason: r.Reason, Ended: now, Since: now, Notes: r.Notes, TokenDaysLeft: r.TokenDaysLeft}
	last, known := b.targets[r.Target]
	if known && last.Outcome == next.Outcome {
		next.Since = last.Since
	}
	b.targets[r.Target] = next
	rejectedNow := r.Outcome == syncer.Rejected && r.Fence > 0
	return !known || last.Outcome != next.Outcome || !slices.Equal(last.Notes, next.Notes) || rejectedNow
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
	server := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("health is no longer served", "error", err)
		}
	}()
	log.Info("health is served", "address", "http://"+listener.Addr().String()+"/healthz")
	return func() { _ = server.Close() }, nil // the process ends
}

func (b *statusBoard) answer(w http.ResponseWriter, _ *http.Request) {
	status, body := b.told()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone misses it
}

func (b *statusBoard) told() (status int, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	status = http.StatusOK
	if b.now().Sub(b.looked) > stuck+b.every {
		status = http.StatusServiceUnavailable
	}
	body, err := json.Marshal(map[string]any{"version": version, "looked": b.looked.UTC(), "configuration": b.problem, "targets": b.targets})
	if err != nil {
		return http.StatusInternalServerError, []byte(err.Error())
	}
	return status, append(body, '\n')
}
