// Package state keeps what dagferry knows of one Deployment in one small object, changed by compare-and-swap only:
// who is at work (lease and fence), what it is about to make live (intent), what is live, what was rejected, and what
// people decided. docs/protocol.md says why each field is there.
package state

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
)

// Version is the version of the state's format.
const Version = 1

// State is state.json.
type State struct {
	Version int `json:"version"`
	// Lineage is random and set once: it tells this dagferry's deploys from those of another one.
	Lineage string `json:"lineage"`
	// Fence grows by one at each acquire and never goes back.
	Fence int64 `json:"fence"`
	// Holder is the id of the run at work, or empty.
	Holder string `json:"holder,omitempty"`
	// LeaseUntil is when the holder's lease ends, in the store's time.
	LeaseUntil time.Time `json:"leaseUntil,omitzero"`
	Held       *Hold     `json:"held,omitempty"`
	Redeploy   *Redeploy `json:"redeploy,omitempty"`
	Seen       *Seen     `json:"seen,omitempty"`
	// Finalizing is the deploy of an image alone that the holder is about to finalize. It needs no intent, since it leaves the DAGs.
	Finalizing string `json:"finalizing,omitempty"`
	// Intent is written before finalize is sent.
	Intent   *Deploy    `json:"intent,omitempty"`
	Deployed *Deploy    `json:"deployed,omitempty"`
	Rejected *Rejection `json:"rejected,omitempty"`
}

// Hold means that nothing deploys: a person's decision, or a person's rollback.
type Hold struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Why a deploy is due although nothing changed.
const (
	Drift    = "drift"
	Released = "released"
	Forced   = "forced"
)

// Redeploy asks for a deploy although nothing changed.
type Redeploy struct {
	Why string `json:"why"`
	ID  string `json:"id"`
}

// Seen is the newest out-of-band deploy that was reported.
type Seen struct {
	DeployID  string    `json:"deployId"`
	CreatedAt time.Time `json:"createdAt"`
}

// Deploy is a deploy of ours: intended, or live.
type Deploy struct {
	// Digest is the manifest's, Key the listing key.
	Digest     string `json:"digest"`
	Key        string `json:"key"`
	DeployID   string `json:"deployId"`
	DagVersion string `json:"dagVersion"`
	// From is git for a pipeline's DAGs, and empty for those of a bucket.
	From string `json:"from,omitempty"`
	// CreatedAt is Astro's time of the deploy: out-of-band deploys are compared with it by age.
	CreatedAt time.Time `json:"createdAt,omitzero"`
	// Asked is the createdAt of the newest deploy that the run knew of when it asked what is live: what came after that
	// and before CreatedAt, nobody has looked at yet.
	Asked time.Time `json:"asked,omitzero"`
	Fence int64     `json:"fence"`
	// At is when it was recorded as live, in the store's time.
	At time.Time `json:"at,omitzero"`
	// Markers are the markers' entries, one for each source, and Listing is of all that was listed with them: only what
	// was written since needs a new marker.
	Markers []string `json:"markers,omitempty"`
	Listing string   `json:"listing,omitempty"`
	// Bounds are keys that cut the listing of each source into parts of about a page each, so that a large one is listed
	// side by side. Nothing depends on them but speed.
	Bounds [][]string `json:"bounds,omitempty"`
	// RedeployID names the redeploy that this intent answers.
	RedeployID string `json:"redeployId,omitempty"`
}

// Rejection is what was refused last, so that it is told once.
type Rejection struct {
	// Key is the listing key together with everything else that the decision depends on; Listing is as in Deploy.
	Key     string   `json:"key"`
	Listing string   `json:"listing,omitempty"`
	Reason  string   `json:"reason"`
	Markers []string `json:"markers,omitempty"`
	// Run is the run whose record tells of it.
	Run string `json:"run,omitempty"`
	// Runtime is what the Deployment ran, where the configuration does not say it.
	Runtime string `json:"runtime,omitempty"`
}

// decode reads state.json. Nobody but dagferry writes it: what cannot be read is never overwritten.
func decode(data []byte, url string) (State, error) {
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fault.Errorf(fault.Broken, "read the state %s: it is no JSON object of dagferry's (%w). "+
			"Restore an earlier version of it; where there is none, remove it, and the next run with --adopt starts anew", url, err)
	}
	if s.Version > Version {
		return State{}, fault.Errorf(fault.Denied, "read the state %s: a later dagferry wrote it (version %d, this one reads %d); update dagferry", url, s.Version, Version)
	}
	if s.Version < 1 || s.Lineage == "" {
		return State{}, fault.Errorf(fault.Broken, "read the state %s: it has no version or no lineage, so dagferry did not write it. "+
			"Restore an earlier version of it, or point state: to a place of its own", url)
	}
	return s, nil
}

func encode(s State) ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the state: %w", err)
	}
	return append(b, '\n'), nil
}

// Idle reports whether nothing is under way or due: only then may a run conclude that there is nothing to do.
func (s State) Idle() bool {
	return (s.Intent == nil || mutant.LeavesOut(mutant.IntentGuard)) && s.Redeploy == nil
}

// Describe is the description that our deploys carry, and words for people. Parse finds it again.
func Describe(lineage string, fence int64, run, digest, words string) string {
	return strings.TrimSpace(fmt.Sprintf("dagferry %s f%d r%s %s %s", lineage, fence, run, digest, words))
}

// PrebuiltImage are the first words of a deploy whose image is of no commit: it was built elsewhere.
const PrebuiltImage = "prebuilt image"

// Tag is what a deploy's description says of its origin.
type Tag struct {
	Lineage string
	Fence   int64
	Run     string
	// Prebuilt: the words begin with PrebuiltImage.
	Prebuilt bool
}

// ParseTag reads a description that Describe made. Descriptions of others are not ok.
func ParseTag(description string) (Tag, bool) {
	var t Tag
	var digest string
	if n, err := fmt.Sscanf(description, "dagferry %s f%d r%s %s", &t.Lineage, &t.Fence, &t.Run, &digest); n != 4 || err != nil {
		return Tag{}, false
	}
	_, words, _ := strings.Cut(description, " "+digest+" ")
	t.Prebuilt = strings.HasPrefix(words, PrebuiltImage)
	return t, strings.HasPrefix(digest, "sha256:")
}
