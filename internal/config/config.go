// Package config is the only reader of configuration files and of the environment. What it hands out is complete and
// checked: unknown keys and bad values are errors that name the file, the line, the key and the remedy.
package config

import (
	"time"

	"github.com/dagferry/dagferry/internal/bundle"
)

// Version is the version of the configuration's format.
const Version = 1

// Config is a dagferry.yaml.
type Config struct {
	Version int      `yaml:"version"`
	Targets []Target `yaml:"targets"`
}

// Target is one Deployment and where its DAGs come from.
type Target struct {
	Name string `yaml:"name"`
	// Sources are composed into one bundle.
	Sources []Source `yaml:"sources"`
	// Deployment is the Astro Deployment's id.
	Deployment string `yaml:"deployment"`
	// Organization is the Astro Organization's id; the token knows it, so it is seldom needed.
	Organization string `yaml:"organization"`
	// Token is a reference to an API token.
	Token string `yaml:"token"`
	// State is where dagferry keeps its state: s3://bucket/prefix/ or file:///folder/.
	State string `yaml:"state"`
	// Runtime is what the Deployment runs; what is left out is asked from Astro.
	Runtime Runtime `yaml:"runtime"`
	// Layout is dags (default) or root.
	Layout bundle.Layout `yaml:"layout"`
	// Settle is how long the sources must have been quiet; default 3s, or maxWait where that is less.
	Settle *time.Duration `yaml:"settle"`
	// MaxWait bounds the waiting for that; default 60s.
	MaxWait *time.Duration `yaml:"maxWait"`
	// Marker is an object that says that a source is complete.
	Marker string `yaml:"marker"`
	// Ignore lists what is left out of the bundle, gitignore-style.
	Ignore []string `yaml:"ignore"`
	Guard  Guard    `yaml:"guard"`
	// Limits bound the bundle.
	Limits bundle.Limits `yaml:"limits"`
	// Adopt lets the first run replace DAGs that somebody else deployed.
	Adopt bool `yaml:"adopt"`
	// AllowHybrid lets dagferry deploy to a Hybrid Deployment, without the monitoring DAG that Astro's own CLI adds.
	AllowHybrid bool  `yaml:"allowHybrid"`
	Check       Check `yaml:"check"`
}

// Source is a prefix whose objects are DAGs.
type Source struct {
	// URL is s3://bucket/prefix/ or file:///folder/. It ends in a slash once it is loaded.
	URL string `yaml:"url"`
	// Mount is the folder below the DAG root where the source's files go; empty for the root itself.
	Mount string `yaml:"mount"`
}

// Runtime is the versions that checks are made for.
type Runtime struct {
	Airflow string `yaml:"airflow"`
	Python  string `yaml:"python"`
}

// Guard refuses bundles that look like accidents.
type Guard struct {
	// MinFiles is how many files there must be; default 1.
	MinFiles *int `yaml:"minFiles"`
	// MaxDeleted is the share of the live files that may be gone; default 50%.
	MaxDeleted *Percent `yaml:"maxDeleted"`
}

// Check says how DAGs are checked, and what a finding does.
type Check struct {
	// Level is syntax.
	Level string `yaml:"level"`
	// OnFailure is reject (default) or warn.
	OnFailure string `yaml:"onFailure"`
	// Exclude lists what cannot block, gitignore-style.
	Exclude []string `yaml:"exclude"`
}

const (
	// defaultSettle outlives the gap between two files of one upload, seconds being the granularity of LastModified.
	defaultSettle = 3 * time.Second
	// defaultMaxWait bounds settling (docs/protocol.md, step 5).
	defaultMaxWait    = 60 * time.Second
	defaultMinFiles   = 1
	defaultMaxDeleted = Percent(50)
)

// DefaultIgnore is what is left out of a bundle where the configuration says nothing.
func DefaultIgnore() []string { return []string{"__pycache__/", "*.pyc"} }

// withDefaults fills in what was left out.
func (t Target) withDefaults() Target {
	if t.Layout == "" {
		t.Layout = bundle.LayoutDags
	}
	if t.MaxWait == nil {
		wait := defaultMaxWait
		t.MaxWait = &wait
	}
	if t.Settle == nil {
		settle := min(defaultSettle, max(0, *t.MaxWait))
		t.Settle = &settle
	}
	if t.Ignore == nil {
		t.Ignore = DefaultIgnore()
	}
	if t.Guard.MinFiles == nil {
		n := defaultMinFiles
		t.Guard.MinFiles = &n
	}
	if t.Guard.MaxDeleted == nil {
		p := defaultMaxDeleted
		t.Guard.MaxDeleted = &p
	}
	if t.Check.Level == "" {
		t.Check.Level = "syntax"
	}
	if t.Check.OnFailure == "" {
		t.Check.OnFailure = "reject"
	}
	return t
}
