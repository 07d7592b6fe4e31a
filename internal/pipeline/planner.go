package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
)

// Planner makes plans for the repository around a folder.
type Planner struct {
	// Dir is a folder of the working tree.
	Dir string
	// Config must have a pipeline.
	Config config.Config
	// Lookup is the environment's, by which a CI tells about the build: os.LookupEnv.
	Lookup func(string) (string, bool)
	// Astro opens a target's client.
	Astro func(context.Context, config.Target) (*astro.Client, error)
}

// planning is a plan in the making.
type planning struct {
	Planner
	Plan
	asked Options

	repo   repository
	target config.Target
	// tree is what would be deployed: Head, or for a pull request what merging would make of it.
	tree    string
	files   tree
	history history
	// dags and image are all files that differ from what is live, since the DAGs' base and since the image's.
	dags, image []File
}

// Plan tells what deploying the commit that is checked out would do. It changes nothing. Errors are classified; fault.Denied are those
// that the configuration, the Deployment's settings or the options cause.
func (p Planner) Plan(ctx context.Context, o Options) (Plan, error) {
	making := planning{Planner: p, asked: o}
	if err := making.do(ctx); err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	return making.Plan, nil
}

func (p *planning) do(ctx context.Context) error {
	if err := p.asked.Check(); err != nil {
		return err
	}
	if err := p.locate(ctx); err != nil {
		return err
	}
	if found, err := p.choose(); !found || err != nil {
		return err
	}
	if err := p.merge(ctx); err != nil {
		return err
	}
	if err := p.readTree(ctx); err != nil {
		return err
	}
	if err := p.readHistory(ctx); err != nil {
		return err
	}
	if err := p.compare(ctx); err != nil {
		return err
	}
	if err := p.decide(ctx); err != nil {
		return err
	}
	return p.refuse(ctx)
}

// locate finds the repository, what is checked out, and what the CI says of it.
func (p *planning) locate(ctx context.Context) error {
	if p.Config.Pipeline == nil {
		return fault.Errorf(fault.Denied, "the configuration has no pipeline: section; say there which branch is deployed to which target, such as pipeline: {branches: {main: prod}}")
	}
	var err error
	if p.repo, err = openRepository(ctx, p.Dir); err != nil {
		return err
	}
	if p.Head, err = p.repo.commit(ctx, "HEAD"); err != nil {
		return err
	}
	if p.Head == "" {
		return fault.Errorf(fault.Rejected, "%s has no commits yet; make one", p.repo.root)
	}
	p.Build = Detect(p.Lookup)
	if p.Provider == Laptop {
		if p.Branch, err = p.repo.branch(ctx); err != nil {
			return err
		}
	}
	if p.asked.Branch != "" {
		p.Branch, p.Tag = p.asked.Branch, ""
	}
	p.Root, p.tree = p.repo.root, p.Head
	p.Project, p.Dags = p.Config.Pipeline.Project, p.Config.Pipeline.Dags
	if p.Commit != "" && p.Commit != p.Head {
		p.note("the build is of %s, and %s is checked out: the plan is of that", short(p.Commit), short(p.Head))
	}
	return nil
}

// choose picks the target. Without one there is nothing to do, which is said.
func (p *planning) choose() (bool, error) {
	name := p.asked.Target
	branches := p.Config.Pipeline.Branches
	if name == "" {
		name = branches[p.Branch]
	}
	if name == "" {
		p.Decision, p.Reasons = Nothing, []string{p.unmapped()}
		if p.asked.Type != "" {
			return false, fault.Errorf(fault.Denied, "a deploy of type %s is asked for, and there is no target for it: %s", p.asked.Type, p.Reasons[0])
		}
		return false, nil
	}
	at := slices.IndexFunc(p.Config.Targets, func(t config.Target) bool { return t.Name == name })
	if at < 0 {
		return false, fault.Errorf(fault.Denied, "there is no target %s in the configuration", name)
	}
	p.target = p.Config.Targets[at]
	p.Target, p.Deployment = p.target.Name, p.target.Deployment
	if p.ours() && len(p.target.Sources) > 0 {
		return false, fault.Errorf(fault.Denied, "the DAGs of %s come from its sources, and pipeline.dags is git; write pipeline.dags: bucket, or leave the sources out", name)
	}
	if mapped := branches[p.Branch]; mapped != name && p.Branch != "" {
		p.note("the branch %s is not the one that is deployed to %s: --target asks for it", p.Branch, name)
	}
	return true, nil
}

// unmapped says why there is no target.
func (p *planning) unmapped() string {
	known := strings.Join(slices.Sorted(maps.Keys(p.Config.Pipeline.Branches)), ", ")
	switch {
	case p.Branch != "" && p.Request != nil:
		return fmt.Sprintf("merging into %s deploys nothing: pipeline.branches has %s", Quoted(p.Branch), known)
	case p.Branch != "":
		return fmt.Sprintf("the branch %s is not deployed: pipeline.branches has %s", Quoted(p.Branch), known)
	case p.Request != nil:
		return "this is a build of a pull request, and the CI does not say into which branch it would be merged; name it with --branch"
	case p.Tag != "":
		return fmt.Sprintf("this is a build of the tag %s, and branches are deployed; name a branch's target with --target", Quoted(p.Tag))
	default:
		return "nobody says which branch this is: HEAD is detached; name it with --branch, or a target with --target"
	}
}

// merge makes what merging a pull request would make, if the clone has what it takes.
func (p *planning) merge(ctx context.Context) error {
	if p.Request == nil || p.Branch == "" {
		return nil
	}
	into, err := p.repo.tip(ctx, p.Branch)
	if err != nil || into == "" {
		if err == nil {
			p.note("the clone does not have the branch %s: the plan is of what is checked out", p.Branch)
		}
		return err
	}
	merged, err := p.repo.isAncestor(ctx, into, p.Head)
	if merged || err != nil {
		return err
	}
	tree, err := p.repo.mergeTree(ctx, into, p.Head)
	if tree == "" && err == nil {
		p.note("git cannot merge %s into %s by itself: the plan is of what is checked out", short(p.Head), p.Branch)
		return nil
	}
	if err == nil {
		p.tree = tree
	}
	return err
}

func (p *planning) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}
