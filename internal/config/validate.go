package config

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/ignore"
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
	d.apart(c)
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
	if v := t.Runtime.Airflow; v != "" && !airflow.MatchString(v) {
		d.wrong(key+".runtime.airflow", "write a version as \"3.1\", in quotes; patch levels do not matter")
	}
	if v := t.Runtime.Python; v != "" && !python.MatchString(v) {
		d.wrong(key+".runtime.python", "write a version as \"3.12\", in quotes; patch levels do not matter")
	}
	d.check(t, key)
	d.limits(t.Limits, key+".limits")
	d.timing(t, key)
	d.places(t, key)
}

// token checks a reference to a token. What stands there instead of one may be the token itself: it is not repeated.
func (d *document) token(reference, key string) {
	scheme, name, ok := strings.Cut(reference, "://")
	switch {
	case reference == "":
		d.wrong(key, "write where the API token is, such as env://ASTRO_API_TOKEN or secretsmanager://dagferry/prod")
	case !ok || name == "":
		d.wrong(key, "this is no reference; write where the token is, such as secretsmanager://dagferry/prod, never the token itself")
	case scheme != "env" && scheme != "file" && scheme != "secretsmanager":
		d.wrong(key, "tokens are not kept there; write env://NAME, file:///path or secretsmanager://name, never the token itself")
	}
}

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
	if t.Check.Level != "syntax" {
		d.wrong(key+".check.level", "this version checks at the level syntax only")
	}
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

// places checks and normalises where things are: the state must be outside of every source, for otherwise each
// write of it were a change of the DAGs.
func (d *document) places(t *Target, key string) {
	d.place(&t.State, key+".state", "s3://acme-dagferry/state/")
	switch len(t.Sources) {
	case 0:
		d.wrong(key+".sources", "list the prefix that the DAGs are in, such as - url: s3://acme-dags/prod/dags/")
	case 1:
	default:
		d.wrong(key+".sources", "this version takes one source for a target")
	}
	for i := range t.Sources {
		s, key := &t.Sources[i], fmt.Sprintf("%s.sources[%d]", key, i)
		d.place(&s.URL, key+".url", "s3://acme-dags/prod/dags/")
		s.Mount = strings.Trim(s.Mount, "/")
		if s.Mount != "" && (path.Clean(s.Mount) != s.Mount || strings.HasPrefix(s.Mount, "..")) {
			d.wrong(key+".mount", "write a folder below the DAG root, such as ml")
		}
	}
}

// apart finds a state that lies in a source, of whichever target: its writes were changes of DAGs, and who may write the
// DAGs could write the state.
func (d *document) apart(c *Config) {
	for i, t := range c.Targets {
		for j, s := range t.Sources {
			for _, other := range c.Targets {
				if s.URL != "" && strings.HasPrefix(other.State, s.URL) {
					d.wrong(fmt.Sprintf("targets[%d].sources[%d].url", i, j), "the state (%s) of the target %s lies in it; put the state elsewhere, or every run would change its own source",
						other.State, other.Name)
				}
			}
		}
	}
}

func (d *document) place(url *string, key, example string) {
	scheme, rest, ok := strings.Cut(*url, "://")
	switch {
	case !ok || rest == "" || (scheme != "s3" && scheme != "file"):
		d.wrong(key, "write an address such as %s", example)
		return
	case scheme == "s3" && strings.HasPrefix(rest, "/"):
		d.wrong(key, "it names no bucket; write an address such as %s", example)
		return
	case scheme == "file" && !strings.HasPrefix(rest, "/"):
		d.wrong(key, "write the whole path: file:///…")
		return
	}
	if clean := path.Clean("/" + rest); clean != "/" {
		rest = strings.TrimPrefix(clean, "/") + "/"
		if scheme == "file" {
			rest = "/" + rest
		}
	}
	if written, _ := strings.CutSuffix(*url, "/"); scheme == "s3" && written+"/" != scheme+"://"+rest {
		d.wrong(key, "it has empty segments or dots; write %s://%s, if that is where the objects are", scheme, rest)
		return
	}
	*url = scheme + "://" + rest
}
