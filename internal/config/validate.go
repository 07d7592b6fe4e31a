package config

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/ignore"
	"github.com/dagferry/dagferry/internal/parse"
)

var (
	targetName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	airflow    = regexp.MustCompile(`^[23]\.\d+$`)
	python     = regexp.MustCompile(`^3\.\d+$`)
)

// validate checks the values, and normalises prefixes to end in a slash.
func (d *document) validate(c *Config) {
	switch {
	case c.Version == 0:
		d.wrong("version", "write version: %d", Version)
	case c.Version > Version:
		d.wrong("version", "this program reads version %d; %d is of a later one: update dagferry", Version, c.Version)
	}
	if len(c.Targets) == 0 {
		d.wrong("targets", "list at least one target")
	}
	names, deployments := map[string]int{}, map[string]int{}
	for i := range c.Targets {
		t, key := &c.Targets[i], fmt.Sprintf("targets[%d]", i)
		d.target(t, key)
		if j, twice := names[t.Name]; twice {
			d.wrong(key+".name", "targets[%d] has this name too", j)
		}
		if j, twice := deployments[t.Deployment]; twice && t.Deployment != "" {
			d.wrong(key+".deployment", "targets[%d] deploys to this Deployment too; compose their sources into one target", j)
		}
		names[t.Name], deployments[t.Deployment] = i, i
	}
	for i, t := range c.Targets {
		if len(t.Sources) == 0 && c.Pipeline.Branch(t.Name) == "" {
			d.wrong(fmt.Sprintf("targets[%d].sources", i), "list the prefix that the DAGs are in, such as - url: s3://acme-dags/prod/dags/")
		}
	}
	d.apart(c)
	if c.Pipeline != nil {
		d.pipeline(c)
	}
}

func (d *document) target(t *Target, key string) {
	if !targetName.MatchString(t.Name) {
		d.wrong(key+".name", "write a name of lower-case letters, digits and dashes, such as prod")
	}
	if t.Deployment == "" || strings.ContainsAny(t.Deployment, "/?# ") {
		d.wrong(key+".deployment", "write the Deployment's id; it is in the address of its page in the Astro UI")
	}
	d.token(t.Token, key+".token")
	if t.Layout != bundle.LayoutDags && t.Layout != bundle.LayoutRoot {
		d.wrong(key+".layout", "write dags or root")
	}
	if t.Archive != "groups" && t.Archive != "single" {
		d.wrong(key+".archive", "write groups or single")
	}
	if v := t.Runtime.Airflow; v != "" && !airflow.MatchString(v) {
		d.wrong(key+".runtime.airflow", "write a version as \"3.1\", in quotes; patch levels do not matter")
	}
	if v := t.Runtime.Python; v != "" && !python.MatchString(v) {
		d.wrong(key+".runtime.python", "write a version as \"3.12\", in quotes; patch levels do not matter")
	}
	d.check(t, key)
	d.limits(t.Limits, key+".limits")
	d.timing(t, key)
	d.place(&t.State, key+".state", "s3://acme-dagferry/state/")
	d.sources(t, key)
}

// token checks a reference to a token. What stands there instead of one may be the token itself: it is not repeated.
func (d *document) token(reference, key string) {
	scheme, name, ok := strings.Cut(reference, "://")
	switch {
	case reference == "":
		d.wrong(key, "write where the API token is, such as secretsmanager://dagferry/prod or env://ASTRO_API_TOKEN")
	case !ok || name == "":
		d.wrong(key, "this is no reference; write where the token is, such as secretsmanager://dagferry/prod, never the token itself")
	case !slices.Contains(tokenSchemes(), scheme):
		d.wrong(key, "tokens are not kept there; write secretsmanager://name, ssm://name, gcp-secret://name, env://NAME or file:///path, never the token itself")
	case d.fromBucket && (scheme == "env" || scheme == "file"):
		d.wrong(key, "this configuration is from a bucket, and whoever can write to it could name any of this machine's secrets by %s://; keep the token in secretsmanager://, ssm:// or gcp-secret://", scheme)
	}
}

// tokenSchemes are how references to tokens begin.
func tokenSchemes() []string { return []string{"secretsmanager", "ssm", "gcp-secret", "env", "file"} }

// limits checks that none is negative; 0 is the default.
func (d *document) limits(l bundle.Limits, key string) {
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"files", int64(l.Files)}, {"fileSize", l.FileSize}, {"totalSize", l.TotalSize}, {"nameLength", int64(l.NameLength)},
	} {
		if limit.value < 0 {
			d.wrong(key+"."+limit.name, "write a number from 1, or leave it out for the default")
		}
	}
}

func (d *document) check(t *Target, key string) {
	if all := []parse.Level{parse.LevelSyntax, parse.LevelRules, parse.LevelImport}; !slices.Contains(all, parse.Level(t.Check.Level)) {
		d.wrong(key+".check.level", "write syntax, rules or import")
	}
	for i, r := range t.Check.Rules {
		if err := r.Setting().Check(); err != nil {
			d.wrong(fmt.Sprintf("%s.check.rules[%d]", key, i), "%v", err)
		}
	}
	d.imports(t.Check, key+".check")
	if t.Check.OnFailure != "reject" && t.Check.OnFailure != "warn" {
		d.wrong(key+".check.onFailure", "write reject or warn")
	}
	for name, rules := range map[string][]string{"ignore": t.Ignore, "check.exclude": t.Check.Exclude} {
		if _, err := ignore.New("", rules); err != nil {
			d.wrong(key+"."+name, "%v", err)
		}
	}
	if *t.Guard.MinFiles < 0 {
		d.wrong(key+".guard.minFiles", "write a number from 0")
	}
	if *t.Guard.MaxDeleted < 0 {
		d.wrong(key+".guard.maxDeleted", "write a share from 0%% to 100%%")
	}
}

// Setting is what a checker takes.
func (r Rule) Setting() parse.Setting {
	return parse.Setting{Rule: r.Rule, Severity: parse.Severity(r.Severity), Paths: r.Paths}
}

func (d *document) timing(t *Target, key string) {
	if *t.Settle < 0 || *t.Settle > max(0, *t.MaxWait) {
		d.wrong(key+".settle", "write a time from 0s to maxWait (%s)", *t.MaxWait)
	}
	if *t.MaxWait < 0 || *t.MaxWait > defaultMaxWait {
		d.wrong(key+".maxWait", "write a time from 0s to %s: a run's lease is sized for it", defaultMaxWait)
	}
	if t.Marker != "" && (path.Clean(t.Marker) != t.Marker || strings.HasPrefix(t.Marker, "/") || strings.HasPrefix(t.Marker, "..")) {
		d.wrong(key+".marker", "write the marker's path in its source, such as _READY")
	}
}
