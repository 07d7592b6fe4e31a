// Package config is the only reader of configuration files and of the environment. What it hands out is complete and
// checked: unknown keys and bad values are errors that name the file, the line, the key and the remedy.
package config

import (
	"cmp"
	"time"

	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/parse"
)

// Version is the version of the configuration's format.
const Version = 1

// Config is a dagferry.yaml. The comments of its keys are what editors show: they are the descriptions in
// schema/dagferry.schema.json, which go generate writes anew.
type Config struct {
	// Version is the version of the configuration's format.
	Version int `yaml:"version"`
	// Targets are the Deployments that DAGs are taken to.
	Targets []Target `yaml:"targets"`
	// Pipeline is how a git repository reaches the targets; left out where there is none.
	Pipeline *Pipeline `yaml:"pipeline"`
}

//go:generate go test -run TestSchema_isWhatTheTypesSay -update .

// Target is one Deployment and where its DAGs come from.
type Target struct {
	// Name is what commands, schedules, logs and reports call the target: lower-case letters, digits and dashes.
	Name string `yaml:"name"`
	// Sources are composed into one bundle. No two of them may hold the same path. A target that a branch of the pipeline is
	// deployed to may be without.
	Sources []Source `yaml:"sources"`
	// Deployment is the Astro Deployment's id.
	Deployment string `yaml:"deployment"`
	// Organization is the Astro Organization's id; the token knows it, so it is seldom needed.
	Organization string `yaml:"organization"`
	// Token is a reference to an API token, never the token itself: secretsmanager://name, ssm://name,
	// gcp-secret://name, env://NAME or file:///path. It is resolved anew for each run.
	Token string `yaml:"token"`
	// State is where dagferry keeps its state: s3://bucket/prefix/, gs://bucket/prefix/ or file:///folder/, outside of every source.
	State string `yaml:"state"`
	// Runtime is what the Deployment runs; what is left out is asked from Astro.
	Runtime Runtime `yaml:"runtime"`
	// Layout is dags (default) or root.
	Layout bundle.Layout `yaml:"layout"`
	// Archive is groups (default), which compresses only what changed, or single: one gzip member, for a reader that takes
	// only the first.
	Archive string `yaml:"archive"`
	// Settle is how long the sources must have been quiet; default 3s, or maxWait where that is less.
	Settle *time.Duration `yaml:"settle"`
	// MaxWait bounds the waiting for that; default 60s.
	MaxWait *time.Duration `yaml:"maxWait"`
	// Marker is the path of an object in each source, such as _READY, whose being written says that the source is complete.
	Marker string `yaml:"marker"`
	// Ignore lists what is left out of the bundle, gitignore-style.
	Ignore []string `yaml:"ignore"`
	// Guard refuses bundles that look like accidents.
	Guard Guard `yaml:"guard"`
	// Limits bound the bundle.
	Limits bundle.Limits `yaml:"limits"`
	// Adopt lets the first run replace DAGs that somebody else deployed.
	Adopt bool `yaml:"adopt"`
	// AllowHybrid lets dagferry deploy to a Hybrid Deployment, without the monitoring DAG that Astro's own CLI adds.
	AllowHybrid bool `yaml:"allowHybrid"`
	// Check says how DAGs are checked, and what a finding does.
	Check Check `yaml:"check"`
}

// Source is a prefix whose objects are DAGs.
type Source struct {
	// URL is s3://bucket/prefix/, gs://bucket/prefix/ or file:///folder/.
	URL string `yaml:"url"` // ends in a slash once it is loaded
	// Mount is the folder below the DAG root where the source's files go; left out for the root itself.
	Mount string `yaml:"mount"` // has no slash around it once it is loaded
	// Region is the bucket's AWS region, such as eu-north-1, where it is not the one that dagferry runs in.
	Region string `yaml:"region"`
	// RoleARN is an IAM role to assume for reading the bucket, such as one of another account.
	RoleARN string `yaml:"roleArn"`
	// ExpectedBucketOwner is the id of the AWS account that must own the bucket, 12 digits in quotes: a bucket that was
	// deleted and made anew by a stranger is refused.
	ExpectedBucketOwner string `yaml:"expectedBucketOwner"`
	// RequesterPays accepts the costs of reading a bucket whose owner does not.
	RequesterPays bool `yaml:"requesterPays"`
}

// Runtime is the versions that checks are made for.
type Runtime struct {
	// Airflow is the Deployment's version of Airflow, such as "3.1", in quotes.
	Airflow string `yaml:"airflow"`
	// Python is the Deployment's version of Python, such as "3.12", in quotes.
	Python string `yaml:"python"`
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
	// Level is how deep: syntax, or rules (default), which adds what can be told without running anything, or import, which also
	// has Validator import the DAGs as Airflow does.
	Level string `yaml:"level"`
	// OnFailure is reject (default) or warn.
	OnFailure string `yaml:"onFailure"`
	// Exclude lists what cannot block, gitignore-style.
	Exclude []string `yaml:"exclude"`
	// Rules change what findings of rules do (docs/rules/); of those that concern a finding, the last one holds.
	Rules []Rule `yaml:"rules"`
	// Packages are lines of the image's requirements.txt or of its pip freeze. Without them, nothing is said about packages
	// that the image may lack.
	Packages []string `yaml:"packages"`
	// Validator is who imports DAGs: the ARN of a Lambda function, or the https:// address of a Cloud Run service.
	Validator string `yaml:"validator"`
	// OnUnavailable says what becomes of DAGs that the validator gives no answer about: block (default) or warn.
	OnUnavailable string `yaml:"onUnavailable"`
	// Strict has no mocks: what Environment does not give is missing while DAGs are imported.
	Strict bool `yaml:"strict"`
	// Environment lists, as NAME=value, what DAGs find in their environment while they are imported. Airflow takes Variables and
	// Connections from there, too: AIRFLOW_VAR_NAME=value, AIRFLOW_CONN_NAME=uri. Never a secret: authors can read it.
	Environment []string `yaml:"environment"`
}

// Rule is what is changed about a rule.
type Rule struct {
	// Rule is its id, such as DF203.
	Rule string `yaml:"rule"`
	// Severity is block, warn, info or ignore.
	Severity string `yaml:"severity"`
	// Paths are where this holds, gitignore-style; left out, everywhere.
	Paths []string `yaml:"paths"`
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
	t.Archive = cmp.Or(t.Archive, "groups")
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
		t.Check.Level = string(parse.LevelRules)
	}
	if t.Check.OnFailure == "" {
		t.Check.OnFailure = "reject"
	}
	t.Check.OnUnavailable = cmp.Or(t.Check.OnUnavailable, "block")
	return t
}
