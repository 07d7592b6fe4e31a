package config

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Where the DAGs of a pipeline's targets come from.
const (
	// DagsGit: from the repository, by the pipeline.
	DagsGit = "git"
	// DagsBucket: from a bucket, by a function or a daemon of dagferry.
	DagsBucket = "bucket"
	// DagsElsewhere: from somebody else, such as the pipeline of another repository.
	DagsElsewhere = "elsewhere"
)

// Pipeline is how a git repository reaches the targets: what dagferry plan asks.
type Pipeline struct {
	// Branches are the permanent branches, and the name of the target that each is deployed to. No two have one target.
	Branches map[string]string `yaml:"branches"`
	// Deployments are the files that configure the targets' Deployments, by the target's name: paths from the
	// repository's root, such as deployments/prod.yaml.
	Deployments map[string]string `yaml:"deployments"`
	// Project is the folder with the Dockerfile and dags/, from the repository's root; . is the root itself.
	Project string `yaml:"project"`
	// Dags is where the DAGs come from: git (default), from this repository; bucket, from a bucket by dagferry's function;
	// or elsewhere. With bucket and elsewhere the pipeline deploys images only.
	Dags string `yaml:"dags"`
}

// plainName is a name that needs no quotes in a key.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Branch is the branch that is deployed to a target, or "". There is none without a pipeline.
func (p *Pipeline) Branch(target string) string {
	if p == nil {
		return ""
	}
	for branch, of := range p.Branches {
		if of == target {
			return branch
		}
	}
	return ""
}

func (p Pipeline) withDefaults() Pipeline {
	p.Project = cmp.Or(p.Project, ".")
	p.Dags = cmp.Or(p.Dags, DagsGit)
	return p
}

// pipeline checks the section of that name.
func (d *document) pipeline(c *Config) {
	p := c.Pipeline
	if len(p.Branches) == 0 {
		d.wrong("pipeline.branches", "map at least one branch to a target, such as main: %s", example(c))
	}
	if !slices.Contains([]string{DagsGit, DagsBucket, DagsElsewhere}, p.Dags) {
		d.wrong("pipeline.dags", "write git, bucket or elsewhere")
	}
	if !inside(p.Project) {
		d.wrong("pipeline.project", "write the folder's path from the repository's root, such as airflow, without dots and empty segments")
	}
	branches := map[string]string{}
	for _, branch := range slices.Sorted(maps.Keys(p.Branches)) {
		target := p.Branches[branch]
		if branch == "" {
			d.wrong("pipeline.branches", "write the name of the branch that is deployed to %s", target)
		}
		d.branch(c, entry("pipeline.branches", branch), target, branches[target])
		branches[target] = branch
	}
	for _, target := range slices.Sorted(maps.Keys(p.Deployments)) {
		key := entry("pipeline.deployments", target)
		if c.target(target) == nil {
			d.wrong(key, "there is no target %s; name one of targets:", target)
		}
		if file := p.Deployments[target]; file == "." || !inside(file) {
			d.wrong(key, "write the file's path from the repository's root, such as deployments/prod.yaml")
		}
	}
}

// branch checks one entry; other is a branch that is deployed to the same target.
func (d *document) branch(c *Config, key, target, other string) {
	switch t := c.target(target); {
	case t == nil:
		d.wrong(key, "there is no target %q; name one of targets:", target)
	case other != "":
		d.wrong(key, "the branch %s is deployed to %s already; two branches would undo each other there", other, target)
	case c.Pipeline.Dags == DagsGit && len(t.Sources) > 0:
		d.wrong(key, "the DAGs of %s come from its sources; write pipeline.dags: bucket, or leave the sources out", target)
	}
}

// target is the one of a name, or nil.
func (c *Config) target(name string) *Target {
	at := slices.IndexFunc(c.Targets, func(t Target) bool { return t.Name == name })
	if at < 0 {
		return nil
	}
	return &c.Targets[at]
}

// example is a target's name, for a message.
func example(c *Config) string {
	if len(c.Targets) > 0 && c.Targets[0].Name != "" {
		return c.Targets[0].Name
	}
	return "prod"
}

// inside reports whether a path leads to something in the repository.
func inside(p string) bool {
	return path.Clean(p) == p && p != ".." && !strings.HasPrefix(p, "../") && !path.IsAbs(p) &&
		!strings.Contains(p, `\`) && !strings.ContainsFunc(p, unicode.IsControl)
}
