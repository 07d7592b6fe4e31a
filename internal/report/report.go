// Package report tells a run or a check to people and to programs.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

// run is what programs read of a run. Every key is always there.
type run struct {
	Run      string         `json:"run"`
	Target   string         `json:"target"`
	Outcome  syncer.Outcome `json:"outcome"`
	Reason   string         `json:"reason"`
	Digest   string         `json:"digest"`
	DeployID string         `json:"deployId"`
	// DagVersion names the uploaded DAGs at Astro.
	DagVersion string          `json:"dagVersion"`
	Files      int             `json:"files"`
	Added      []string        `json:"added"`
	Changed    []string        `json:"changed"`
	Removed    []string        `json:"removed"`
	Findings   []parse.Finding `json:"findings"`
	Warnings   []string        `json:"warnings"`
	Notes      []string        `json:"notes"`
	// TokenDaysLeft is null for a token that does not expire.
	TokenDaysLeft *int `json:"tokenDaysLeft"`
	// Requests are counted by client (astro, state, sources) and kind.
	Requests map[string]map[string]int `json:"requests"`
	Seconds  float64                   `json:"seconds"`
}

// RunJSON writes a run as one JSON object. deployId and dagVersion are of the deploy that has the digest: the one
// that the run made, or the one that it found live.
func RunJSON(w io.Writer, r syncer.Record) error {
	out := run{
		Run: r.Run, Target: r.Target, Outcome: r.Outcome, Reason: r.Reason, Digest: r.Digest, Files: r.Files,
		Added: list(r.Added), Changed: list(r.Changed), Removed: list(r.Removed), Findings: list(r.Findings),
		Warnings: list(r.Warnings), Notes: list(r.Notes), TokenDaysLeft: r.TokenDaysLeft, Requests: r.Requests, Seconds: r.Seconds,
	}
	if live := r.Live; live != nil && (r.Outcome == syncer.Deployed || r.Outcome == syncer.Unchanged) {
		out.Digest, out.DeployID, out.DagVersion = live.Digest, live.DeployID, live.DagVersion
	}
	return write(w, out)
}

// list is never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func write(w io.Writer, what any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(what)
}

// RunText writes a run for people: the outcome, why, and what is live.
func RunText(w io.Writer, r syncer.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", r.Target, r.Outcome)
	if r.Outcome == syncer.Deployed {
		fmt.Fprintf(&b, " %s (+%d ~%d -%d) as %s", count(r.Files, "file"), len(r.Added), len(r.Changed), len(r.Removed), r.Deploy.ID)
	}
	fmt.Fprintf(&b, " in %.1f s\n", r.Seconds)
	if r.Reason != "" && (len(r.Findings) == 0 || r.Outcome != syncer.Rejected) {
		fmt.Fprintf(&b, "  %s\n", r.Reason)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n%s\n", f)
	}
	if len(r.Findings) > 0 {
		b.WriteByte('\n')
	}
	for _, line := range append(r.Warnings, r.Notes...) {
		fmt.Fprintf(&b, "  note: %s\n", line)
	}
	if r.Outcome != syncer.Deployed {
		fmt.Fprintf(&b, "  dagferry deployed last: %s\n", live(r))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func live(r syncer.Record) string {
	if r.Live == nil {
		return "nothing yet"
	}
	return deployed(*r.Live)
}

func deployed(d state.Deploy) string {
	return fmt.Sprintf("deploy %s, at %s UTC, %s", d.DeployID, d.At.UTC().Format(time.DateTime), d.Digest)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
