package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/report"
	"github.com/dagferry/dagferry/internal/target"
)

type planOptions struct {
	pipeline.Options
	telling
	config string
}

func newPlan() *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan",
		Short: "Say what deploying this commit would do, and why",
		Long: `plan compares the commit that is checked out with the one of the last deploy on the Deployment of its branch, and
decides: DAG_ONLY, IMAGE_ONLY, IMAGE_AND_DAG, configuration or nothing. It finds the branch in GitHub Actions, GitLab, CircleCI,
Jenkins, Azure DevOps, Bitbucket, CodeBuild, Drone, Harness and on a laptop. In a build of a pull request it says what merging
would do. It changes nothing.

It exits with 3 if the commit is older than what is live, and --allow-older is not given.`,
		Example: `  dagferry plan
  dagferry plan --json | jq -r .decision
  dagferry plan --target dev --type DAG_ONLY`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runPlan(cmd, o) },
	}
	o.flags(c)
	return c
}

func (o *planOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&o.config, "config", "c", "", "the configuration (default: dagferry.yaml here or in a folder above)")
	f.StringVarP(&o.Target, "target", "t", "", "the target (default: the one that the branch is deployed to)")
	f.StringVar(&o.Branch, "branch", "", "the branch (default: what the CI or git says)")
	f.StringVar(&o.Type, "type", "", "DAG_ONLY, IMAGE_ONLY or IMAGE_AND_DAG, whatever changed (default: what the changes need)")
	f.BoolVar(&o.AllowDirty, "allow-dirty", false, "take changes along that are in no commit")
	f.BoolVar(&o.AllowOlder, "allow-older", false, "go back to a commit that is older than what is live")
	o.telling.flags(c)
}

func runPlan(cmd *cobra.Command, o planOptions) error {
	p, _, err := makePlan(cmd, o)
	if err != nil {
		return err
	}
	err = o.tell(cmd, account{
		text:    func(w io.Writer) error { return report.PlanText(w, p) },
		object:  func(w io.Writer) error { return report.PlanJSON(w, p) },
		outputs: []report.Output{{Name: "target", Value: p.Target}, {Name: "decision", Value: string(p.Decision)}},
	})
	if err != nil {
		return err
	}
	return shown(p.Refusal(pipeline.RuleOlder))
}

// makePlan plans for the repository around the current folder, and returns what opens the plan's target.
func makePlan(cmd *cobra.Command, o planOptions) (pipeline.Plan, planned, error) {
	ctx := cmd.Context()
	var with planned
	if err := o.Check(); err != nil {
		return pipeline.Plan{}, with, asUsage(err)
	}
	path, err := configPath(o.config)
	if err != nil {
		return pipeline.Plan{}, with, err
	}
	if with.config, err = loadConfig(ctx, newReader(), path); err != nil {
		return pipeline.Plan{}, with, err
	}
	here, err := os.Getwd()
	if err != nil {
		return pipeline.Plan{}, with, err
	}
	if with.opener, err = newOpener(ctx); err != nil {
		return pipeline.Plan{}, with, err
	}
	progress := newProgress(cmd.ErrOrStderr(), "plan")
	progress.doing("compare with what is live")
	defer progress.done()
	p, err := pipeline.Planner{Dir: here, Config: with.config, Lookup: config.OS().Lookup, Astro: with.opener.Astro}.Plan(ctx, o.Options)
	return p, with, err
}

// planned is what a plan was made with.
type planned struct {
	config config.Config
	opener target.Opener
}
