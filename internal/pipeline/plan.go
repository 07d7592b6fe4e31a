// Package pipeline is how a git repository reaches Astro: what a commit would change at a target's Deployment, and why.
// It exists beside the functions because images and Deployment configuration live in git, also where the DAGs live in a
// bucket: a pipeline must know which part is its own, and leave the others.
//
// A Plan compares a commit with what the Deployment's own deploy history says is live, never with what a push event says was
// there before: so a squash, a force push, a repeated build or ten commits at once lose nothing. Where the history
// or the clone does not tell, the plan says so and takes the larger deploy.
package pipeline

import (
	"slices"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
)

// Decision is what is to be done, in a word.
type Decision string

// Decisions. The first three are types of a deploy, and may come with the Deployment's configuration.
const (
	DagOnly       Decision = astro.TypeDagOnly
	ImageOnly     Decision = astro.TypeImageOnly
	ImageAndDag   Decision = astro.TypeImageAndDag
	Configuration Decision = "configuration"
	Nothing       Decision = "nothing"
)

// Plan is what deploying a commit to a target would do, and why. It is what a deploy begins with.
type Plan struct {
	Build
	// Head is the commit that the plan is of: what is checked out, whatever the build says.
	Head string `json:"head"`
	// Root is the working tree's folder, Project the project's folder below it, or ".".
	Root    string `json:"root"`
	Project string `json:"project"`

	// Target is the target's name, Deployment its Deployment's id: both "" where there is none for the branch.
	Target     string `json:"target"`
	Deployment string `json:"deployment"`
	// Dags is where the target's DAGs come from: git, bucket or elsewhere.
	Dags string `json:"dags"`
	// DagsInImage: DAG-only deploys are switched off for the Deployment, so that an image brings its own dags/.
	DagsInImage bool `json:"dagsInImage"`

	Decision Decision `json:"decision"`
	// Reasons are why: for each part what is done with it and what that follows from.
	Reasons []string `json:"reasons"`
	// ConfigurationFile is the file that configures the Deployment, from the repository's root, if it is part of what is to be done.
	ConfigurationFile string `json:"configurationFile"`

	// ImageRepository is where the newest image deploy's image went, "" if there was none. Before that, a Deployment names the repository of
	// Astro's own images, which takes nobody's [inferred].
	ImageRepository string `json:"imageRepository"`
	// ImageBase and DagBase are what the image and the DAGs at Astro are of.
	ImageBase Base `json:"imageBase"`
	DagBase   Base `json:"dagBase"`
	// Files are those that differ from what is live, by path.
	Files []File `json:"files"`
	// Dirty are those whose changes are in no commit, by path, as far as a deploy would take them along. A deploy that does so must
	// record no commit: what is live is of none then.
	Dirty []File `json:"dirty"`
	// Notes are what people should know, one sentence each.
	Notes []string `json:"notes"`
	// Refused is why this plan must not be carried out.
	Refused []Refusal `json:"refused"`
}

// Refusal is one reason not to deploy.
type Refusal struct {
	// Rule is pull-request, dirty or older.
	Rule string `json:"rule"`
	// Message says what is the matter, and what to do.
	Message string `json:"message"`
}

// The rules by which a plan is not carried out.
const (
	RulePullRequest = "pull-request"
	RuleDirty       = "dirty"
	RuleOlder       = "older"
)

// Deploys reports whether a deploy is to be made, and of which type (package astro).
func (p Plan) Deploys() (string, bool) {
	return string(p.Decision), slices.Contains([]Decision{DagOnly, ImageOnly, ImageAndDag}, p.Decision)
}

// Refusal is the first reason not to carry the plan out, as a fault.Rejected, or nil. With rules only those count.
func (p Plan) Refusal(rules ...string) error {
	for _, r := range p.Refused {
		if len(rules) == 0 || slices.Contains(rules, r.Rule) {
			return fault.Errorf(fault.Rejected, "%s", r.Message)
		}
	}
	return nil
}

// Options are what the one who asks decides.
type Options struct {
	// Branch overrides the build's, Target the one that the branch is deployed to.
	Branch, Target string
	// Type is the type of deploy that is asked for, "" for what the changes need. It is obeyed or refused.
	Type string
	// Image is the name of an image that is built already, "" if one is to be built from the Dockerfile. It is deployed, whatever changed.
	Image string
	// AllowDirty takes what is in no commit along.
	AllowDirty bool
	// AllowOlder goes back to a commit that was deployed before.
	AllowOlder bool
}

// Check refuses what is no type of a pipeline's deploy.
func (o Options) Check() error {
	if o.Type == "" || slices.Contains([]string{astro.TypeDagOnly, astro.TypeImageOnly, astro.TypeImageAndDag}, o.Type) {
		return nil
	}
	return fault.Errorf(fault.Denied, "there is no type of deploy %q; write DAG_ONLY, IMAGE_ONLY or IMAGE_AND_DAG", o.Type)
}

// ours reports whether the DAGs are the pipeline's to deploy.
func (p Plan) ours() bool { return p.Dags == config.DagsGit }
