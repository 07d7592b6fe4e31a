package syncer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/state"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	Deployed  Outcome = "deployed"
	Unchanged Outcome = "unchanged"
	Rejected  Outcome = "rejected"
	Held      Outcome = "held"
	Busy      Outcome = "busy"
	Denied    Outcome = "denied"
	Failed    Outcome = "failed"
)

// Record is what a run leaves.
type Record struct {
	// Version is the record's format, Dagferry the program's version.
	Version    int       `json:"version"`
	Dagferry   string    `json:"dagferry,omitempty"`
	Run        string    `json:"run"`
	Target     string    `json:"target"`
	Deployment string    `json:"deployment"`
	Trigger    Trigger   `json:"trigger"`
	Outcome    Outcome   `json:"outcome"`
	Reason     string    `json:"reason,omitempty"`
	Began      time.Time `json:"began"`
	Seconds    float64   `json:"seconds"`
	Fence      int64     `json:"fence,omitempty"`
	Key        string    `json:"key,omitempty"`
	// Digest, Files and Bytes are of the bundle that was made; Bytes is the archive's size.
	Digest      string `json:"digest,omitempty"`
	Files       int    `json:"files"`
	Bytes       int64  `json:"bytes,omitempty"`
	bundle.Diff `json:"diff"`
	LeftOut     []bundle.Judged `json:"leftOut,omitempty"`
	Warnings    []string        `json:"warnings,omitempty"`
	Findings    []parse.Finding `json:"findings,omitempty"`
	// Deploy is what this run made live; Live what is live now as far as is known.
	Deploy *DeployRecord `json:"deploy,omitempty"`
	Live   *state.Deploy `json:"live,omitempty"`
	// Sent is the deploy whose finalize was sent and did not fail for good: without Deploy, it may be live, or become so.
	Sent string `json:"-"`
	// LagSeconds is from the newest object that this run made live, or the newest event, to its being live.
	LagSeconds *float64 `json:"lagSeconds,omitempty"`
	// Notes are what the run noticed of other people's deploys.
	Notes []string `json:"notes,omitempty"`
	// TokenDaysLeft is how many whole days the API token still lasts; nil if it does not expire.
	TokenDaysLeft *int   `json:"tokenDaysLeft,omitempty"`
	Steps         []Step `json:"steps"`
	// Requests are counted by client (store, sources, astro) and kind.
	Requests map[string]map[string]int `json:"requests"`

	before  int  // how many files were live
	unknown bool // that is not known
}

// DeployRecord is a deploy that became live.
type DeployRecord struct {
	ID string `json:"id"`
	// Type is Astro's: DAG_ONLY, IMAGE_ONLY or IMAGE_AND_DAG.
	Type       string `json:"type"`
	DagVersion string `json:"dagVersion"`
	// Image is the one that it brought, as repository:tag@digest; "" if it brought none.
	Image     string    `json:"image,omitempty"`
	ImageTag  string    `json:"imageTag,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

// Step is how long a step took; one that was made again stands again.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

func newRecord(version, id string, t Target, why Trigger, began time.Time) Record {
	return Record{
		Version: 1, Dagferry: version, Run: id, Target: t.Name, Deployment: t.Deployment, Trigger: why, Began: began.UTC(),
		Diff: bundle.Diff{Added: []string{}, Changed: []string{}, Removed: []string{}},
	}
}

// step begins a step; calling what it returns ends it, with a log line.
func (r *run) step(name string) func() {
	if r.Progress != nil {
		r.Progress(name)
	}
	began := r.now()
	return func() {
		took := r.now().Sub(began)
		r.record.Steps = append(r.record.Steps, Step{name, took.Seconds()})
		r.log.Info(name, "seconds", took.Seconds())
	}
}

// heldError ends a run that must not deploy. It is no failure: Run answers nil for it.
type heldError struct {
	hold state.Hold
	// next is what ending the hold leads to.
	next string
}

func (e *heldError) Error() string {
	return fmt.Sprintf("held by %s since %s UTC: %s. dagferry release ends that, and %s",
		e.hold.By, e.hold.At.UTC().Format(time.DateTime), e.hold.Reason, e.next)
}

func (r *run) heldBy(h *state.Hold) error {
	if r.Build != nil {
		return &heldError{*h, "this build is to be run again then"}
	}
	return &heldError{*h, "deploys what the sources hold"}
}

func isHeld(err error) bool {
	held := (*heldError)(nil)
	return errors.As(err, &held)
}

// unchanged notes why there is nothing to do. It is always true, for the steps that end with it.
func (r *run) unchanged(why string) bool {
	r.record.Reason = why
	return true
}

// stillRejected ends a run on content that was rejected already, and told.
func (r *run) stillRejected(ctx context.Context, s state.State) error {
	if mutant.LeavesOut(mutant.ClearRejected) {
		r.finish = func(s *state.State) { s.Rejected = nil }
	}
	if (r.why.Kind == ByCommand || r.why.Kind == ByPipeline) && s.Rejected.Run != "" {
		var told Record
		if err := r.store.Run(ctx, s.Rejected.Run, &told); err == nil {
			r.record.Findings = told.Findings // a person wants to see what to fix
		}
	}
	return &toldError{fault.Errorf(fault.Rejected, "rejected before (run %s), and nothing changed since: %s", s.Rejected.Run, s.Rejected.Reason)}
}

// toldError is a rejection that was told by an earlier run.
type toldError struct{ error }

func (e *toldError) Unwrap() error { return e.error }

// note keeps and logs something that people should know.
func (r *run) note(what string) {
	r.record.Notes = append(r.record.Notes, what)
	r.log.Warn(what)
}

// noteToken tells how long the token lasts. Where it is short, people are told: the first run without a token deploys
// nothing.
func (r *run) noteToken() {
	days, expires := r.Astro.Claims().DaysLeft(r.now())
	if !expires {
		return
	}
	r.record.TokenDaysLeft = &days
	if days < astro.FewDays {
		r.note(fmt.Sprintf("the API token expires on %s, in %d days: make a new one, and store it where this one is",
			r.Astro.Claims().Expires.Format(time.DateOnly), days))
	}
}

// tell writes the record of a rejection, before the state remembers it: it is told at least once.
func (r *run) tell(ctx context.Context, cause error) error {
	if told := (*toldError)(nil); errors.As(cause, &told) {
		return nil
	}
	r.fill(cause)
	return r.store.SaveRun(ctx, r.id, r.record)
}

// conclude completes the record, logs the outcome, and keeps the record of a run that had the lease. It returns the
// error that the host is to see.
func (r *run) conclude(ctx context.Context, err error) error {
	if errors.Is(err, bundle.ErrDamaged) {
		err = fault.As(fault.Transient, err)
	}
	r.fill(err)
	level, attrs := slog.LevelInfo, []any{
		"outcome", r.record.Outcome, "reason", r.record.Reason, "seconds", r.record.Seconds, "files", r.record.Files, "bytes", r.record.Bytes,
		"digest", r.record.Digest,
	}
	if r.record.LagSeconds != nil {
		attrs = append(attrs, "lagSeconds", *r.record.LagSeconds)
	}
	if r.record.TokenDaysLeft != nil {
		attrs = append(attrs, "tokenDaysLeft", *r.record.TokenDaysLeft)
	}
	switch r.record.Outcome {
	case Rejected, Denied:
		level = slog.LevelWarn
	case Failed:
		level = slog.LevelError
	case Deployed, Unchanged, Held, Busy:
	}
	r.log.Log(ctx, level, "done", attrs...)
	if r.lease != nil {
		keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if saveErr := r.store.SaveRun(keep, r.id, r.record); saveErr != nil {
			r.log.Error("the run's record was not kept", "error", saveErr)
		}
		if errors.Is(err, bundle.ErrDamaged) {
			r.dropCache(keep)
		}
		r.keepBundle(ctx)
	}
	if isHeld(err) {
		return nil
	}
	return err
}

// fill completes the record.
func (r *run) fill(err error) {
	r.record.Outcome = r.outcome(err)
	if err != nil {
		r.record.Reason = err.Error()
	}
	r.record.Live = r.state().Deployed
	r.record.Seconds = r.now().Sub(r.record.Began).Seconds()
	r.record.Requests = r.requests()
}

func (r *run) outcome(err error) Outcome {
	switch {
	case isHeld(err):
		return Held
	case err == nil && r.record.Deploy != nil:
		return Deployed
	}
	return OutcomeOf(err)
}

// OutcomeOf is what an error is as an outcome; none is Unchanged.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Unchanged
	}
	switch fault.Of(err) {
	case fault.Rejected:
		return Rejected
	case fault.Denied:
		return Denied
	case fault.Busy:
		return Busy
	case fault.Transient, fault.Broken:
	}
	return Failed
}

// StoreRequests is how many requests the run sent to the sources and the state, its record's and the kept bundle's apart.
func (r Record) StoreRequests() int {
	n := 0
	for _, store := range []string{"sources", "state"} {
		for _, sent := range r.Requests[store] {
			n += sent
		}
	}
	return n
}

func (r *run) requests() map[string]map[string]int {
	all := map[string]map[string]int{}
	add := func(name string, client any) {
		if c, ok := client.(counter); ok {
			if all[name] == nil {
				all[name] = map[string]int{}
			}
			for kind, n := range c.Requests() {
				if n > 0 {
					all[name][kind] += n
				}
			}
		}
	}
	add("astro", r.Astro)
	add("state", r.State)
	for _, s := range r.Sources {
		add("sources", s.Bucket)
	}
	return all
}
