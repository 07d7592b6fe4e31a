// Package syncer is the run: it takes what object stores hold to an Astro Deployment, exactly, whoever else is at
// work and whatever dies on the way. Run reads like docs/protocol.md, one verb for each step.
package syncer

import (
	"context"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/parse"
)

// Target is a Deployment and all that a run for it needs, opened.
type Target struct {
	Name       string
	Deployment string
	Sources    []Source
	// Build is what a git pipeline deploys; nil for what buckets hold.
	Build *Build
	// State is the location of the state.
	State bucket.Bucket
	Astro *astro.Client

	Layout bundle.Layout
	// Single has the archive made as one gzip member.
	Single  bool
	Ignore  []string
	Limits  bundle.Limits
	Settle  time.Duration
	MaxWait time.Duration
	// Marker is the path of the object that says that a source is complete; empty if there is none.
	Marker string

	// MinFiles and MaxDeleted (percent of the live files) are the guards.
	MinFiles, MaxDeleted int
	// Adopt lets the first run replace DAGs that somebody else deployed.
	Adopt       bool
	AllowHybrid bool

	// Runtime is what the configuration says of the Deployment's; what is empty is asked from Astro.
	Runtime Runtime
	Check   Check
}

// Source is a prefix whose objects are DAGs.
type Source struct {
	Bucket bucket.Bucket
	// Mount is the folder below the DAG root where its files go, or empty.
	Mount string
}

// path is where an object of the source stands below the DAG root.
func (s Source) path(key string) string {
	if s.Mount == "" {
		return key
	}
	return s.Mount + "/" + key // not path.Join: a name such as a//b must stay what it is, to be refused
}

// Runtime is the versions that DAGs are checked for, such as 3.1 and 3.12.
type Runtime struct{ Airflow, Python string }

// Check says how DAGs are checked.
type Check struct {
	// Do checks a tree.
	Do func(context.Context, Runtime, fs.FS) (parse.Report, error)
	// Verdicts, if set, lets the checks of this run know what those of the last deploy found.
	Verdicts Verdicts
	// Warn lets a DAG with findings be deployed all the same.
	Warn bool
	// Settings is all that Do's verdict depends on besides the tree and the Runtime; a change of it makes a rejected
	// tree worth another look.
	Settings []string
}

// Verdicts is what checks remember of contents, from one process to another.
type Verdicts interface {
	// Prepare begins what a check takes time to begin, and does not wait for it.
	Prepare(Runtime) error
	// Learn takes what Keep gave after an earlier deploy, or nothing.
	Learn(context.Context, Runtime, []byte) error
	// Keep is what is known of the files of a tree that was checked.
	Keep(context.Context, Runtime, parse.Summed) ([]byte, error)
}

// Trigger is why a run is made.
type Trigger struct {
	// Kind is event, poll, sweep, command or pipeline.
	Kind Kind `json:"kind"`
	// Events is how many changes of objects are covered; Newest is the time of the newest, in the store's clock.
	Events int       `json:"events,omitempty"`
	Newest time.Time `json:"newest,omitzero"`
	// By is who asked for it, for a command.
	By        string `json:"by,omitempty"`
	Overrides `json:"overrides,omitzero"`
}

// Kind is what made a run begin.
type Kind string

// The kinds of triggers.
const (
	ByEvent   Kind = "event"
	ByPoll    Kind = "poll" // like an event that nobody sent
	BySweep   Kind = "sweep"
	ByCommand Kind = "command"
	// ByPipeline is a build of a commit.
	ByPipeline Kind = "pipeline"
)

// Overrides are what a person allows for one run.
type Overrides struct {
	// Adopt replaces what somebody else deployed, another dagferry's DAGs included.
	Adopt bool `json:"adopt,omitempty"`
	// AllowDeletions passes over the guards.
	AllowDeletions bool `json:"allowDeletions,omitempty"`
	// Why is the person's reason, for the record.
	Why string `json:"why,omitempty"`
}

func (o Overrides) any() bool { return o.Adopt || o.AllowDeletions }

// Syncer makes runs. Its zero value is ready to use.
type Syncer struct {
	// Now is the clock, time.Now if nil. Only differences count: the store's time is what counts.
	Now func() time.Time
	// Log gets a line for each step, with the run's id; nil for none.
	Log *slog.Logger
	// TempDir is where bundles are spooled; empty for the system's.
	TempDir string
	// Version is this program's, for the record.
	Version string
	// Budgets bound a run's phases; LambdaBudgets if zero.
	Budgets Budgets
	// Grace is how long a run whose context is cancelled may take to finish the deploy that it has begun to finalize. A
	// finalize that is cut short blocks others until its lease ends, since nobody knows what became of it.
	Grace time.Duration
	// Memory keeps the last bundles for the next run in this process; nil reads them from the state each time.
	Memory *Memory
	// Progress, if set, is told what a run begins to do.
	Progress func(doing string)
}

// markerPath is where the marker of a source would stand in the bundle, so that it is left out.
func (t Target) markerPaths() []string {
	if t.Marker == "" {
		return nil
	}
	var paths []string
	for _, s := range t.Sources {
		paths = append(paths, path.Join(s.Mount, t.Marker))
	}
	return paths
}
