package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/deployment"
	"github.com/dagferry/dagferry/internal/report"
	"github.com/dagferry/dagferry/internal/target"
)

// deploymentOptions say which Deployment is configured, by which file.
type deploymentOptions struct {
	targetOptions
	file, deployment string
	json             bool
}

func (o *deploymentOptions) flags(c *cobra.Command) {
	o.targetOptions.flags(c)
	c.Flags().StringVar(&o.deployment, "deployment", "", "the Deployment's id (default: the target's, or the one that the file's metadata names)")
	c.Args = func(cmd *cobra.Command, args []string) error { return asUsage(cobra.NoArgs(cmd, args)) }
}

func (o *deploymentOptions) fileFlags(c *cobra.Command) {
	o.flags(c)
	c.Flags().StringVarP(&o.file, "file", "f", "", "the file that configures the Deployment (default: the target's, in pipeline.deployments); without --target, the token is in ASTRO_API_TOKEN")
	c.Flags().BoolVar(&o.json, "json", false, "print one JSON object")
}

// errDiffers ends a look that found what was looked for.
var errDiffers = errors.New("the file and Astro differ")

func newConfigDiff() *cobra.Command {
	var o deploymentOptions
	c := &cobra.Command{
		Use: "diff", Short: "Say how a Deployment differs from the file that configures it",
		Long: `diff compares the target's file in pipeline.deployments with what Astro has. It changes nothing. What Astro has in a secret variable
cannot be compared: it counts for no difference.

It exits with 7 if there are differences.`,
		Example: `  dagferry config diff --target prod
  dagferry config diff --target prod --json | jq '.changes[]'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, _, err := o.compare(cmd)
			if err != nil {
				return err
			}
			if err := o.show(cmd, d, false); err != nil {
				return err
			}
			if d.Empty() {
				return nil
			}
			return shown(errDiffers)
		},
	}
	o.fileFlags(c)
	return c
}

func newConfigApply() *cobra.Command {
	var o deploymentOptions
	var yes, removals bool
	c := &cobra.Command{
		Use: "apply", Short: "Make a Deployment what the file that configures it says",
		Long: `apply shows what diff shows, asks, and makes it so, all at once. Sections that the file does not have are left alone. Environment
variables, queues, alert emails and schedules that the file does not have are removed with --allow-removals only; without it, nothing is
applied, and it exits with 3.`,
		Example: `  dagferry config apply --target prod
  dagferry config apply --target prod --yes --allow-removals`,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.apply(cmd, yes, removals) },
	}
	o.fileFlags(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&removals, "allow-removals", false, "remove what the file does not have")
	return c
}

func newConfigExport() *cobra.Command {
	var o deploymentOptions
	c := &cobra.Command{
		Use: "export", Short: "Print the file of which a Deployment is what it says, to begin with",
		Long: `export prints a Deployment's configuration as a file that diff and apply take. The values of secrets are empty: Astro does not tell
them, and apply keeps what it has. Without a configuration, name the Deployment; its token is in ASTRO_API_TOKEN then.`,
		Example: "  dagferry config export --target prod > deployments/prod.yaml\n  dagferry config export --deployment clx1prod",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.export(cmd) },
	}
	o.flags(c)
	return c
}

func (o *deploymentOptions) export(cmd *cobra.Command) error {
	ctx := cmd.Context()
	t := withoutTarget()
	if o.deployment == "" || o.target != "" || o.config != "" {
		var err error
		if t, err = chooseTarget(ctx, o.config, o.target); err != nil {
			return err
		}
	}
	id, err := deployment.ID(config.Deployment{}, t.Deployment, o.deployment)
	if err != nil {
		return asUsage(err)
	}
	_, client, err := openAstro(ctx, t)
	if err != nil {
		return err
	}
	return deployment.Export(ctx, client, id, cmd.OutOrStdout())
}

func (o *deploymentOptions) apply(cmd *cobra.Command, yes, removals bool) error {
	d, opener, err := o.compare(cmd)
	if err != nil {
		return err
	}
	if !o.json || !yes {
		if err := report.DeploymentText(out(cmd, o.json), d); err != nil {
			return err
		}
	}
	if err := d.MayRemove(removals); err != nil {
		return err
	}
	if d.ToDo() && !yes {
		if err := confirm(cmd, "Apply it?"); err != nil {
			return err
		}
	}
	left, err := d.Apply(cmd.Context(), deployment.Options{Secrets: opener.Secrets, AllowRemovals: removals})
	if err != nil {
		return err
	}
	return o.applied(cmd, d, left)
}

// applied tells what was done, and what Astro's answer has otherwise.
func (o *deploymentOptions) applied(cmd *cobra.Command, d, left deployment.Diff) error {
	if o.json {
		if err := report.DeploymentJSON(cmd.OutOrStdout(), d, d.ToDo()); err != nil {
			return err
		}
	} else if d.ToDo() {
		fmt.Fprintln(cmd.OutOrStdout(), "  applied")
	}
	if !d.ToDo() || left.Empty() {
		return nil
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "Astro took it, and its answer still differs:")
	return report.DeploymentText(cmd.ErrOrStderr(), left)
}

// out is where people read: beside the JSON object, if there is one.
func out(cmd *cobra.Command, json bool) io.Writer {
	if json {
		return cmd.ErrOrStderr()
	}
	return cmd.OutOrStdout()
}

// confirm asks. What is no terminal cannot answer.
func confirm(cmd *cobra.Command, question string) error {
	if f, ok := cmd.InOrStdin().(*os.File); ok && !term.IsTerminal(int(f.Fd())) {
		return asUsage(errors.New("nobody is there to be asked: nothing was applied; add --yes to apply without a question"))
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a == "y" || a == "yes" {
		return nil
	}
	return errors.New("nothing was applied, as answered")
}

func (o *deploymentOptions) show(cmd *cobra.Command, d deployment.Diff, applied bool) error {
	if o.json {
		return report.DeploymentJSON(cmd.OutOrStdout(), d, applied)
	}
	return report.DeploymentText(cmd.OutOrStdout(), d)
}

// compare reads the file and the Deployment that it is for.
func (o *deploymentOptions) compare(cmd *cobra.Command) (deployment.Diff, target.Opener, error) {
	ctx := cmd.Context()
	t, path, err := o.choose(ctx)
	if err != nil {
		return deployment.Diff{}, target.Opener{}, err
	}
	file, err := config.LoadDeployment(path, path)
	if err != nil {
		return deployment.Diff{}, target.Opener{}, asUsage(err)
	}
	id, err := deployment.ID(file, t.Deployment, o.deployment)
	if err != nil {
		return deployment.Diff{}, target.Opener{}, asUsage(err)
	}
	opener, client, err := openAstro(ctx, t)
	if err != nil {
		return deployment.Diff{}, opener, err
	}
	progress := newProgress(cmd.ErrOrStderr(), "config")
	progress.doing("compare with what Astro has")
	defer progress.done()
	d, err := deployment.Compare(ctx, client, id, file)
	return d, opener, err
}

func openAstro(ctx context.Context, t config.Target) (target.Opener, *astro.Client, error) {
	opener, err := newOpener(ctx)
	if err != nil {
		return opener, nil, err
	}
	client, err := opener.Astro(ctx, t)
	return opener, client, err
}

// choose is the target and its file. A file by itself needs neither a configuration nor a target.
func (o *deploymentOptions) choose(ctx context.Context) (config.Target, string, error) {
	if o.file != "" && o.target == "" && o.config == "" {
		return withoutTarget(), o.file, nil
	}
	path, err := configPath(o.config)
	if err != nil {
		return config.Target{}, "", err
	}
	c, err := loadConfig(ctx, newReader(), path)
	if err != nil {
		return config.Target{}, "", err
	}
	t, err := pick(c, path, o.target)
	if err != nil || o.file != "" {
		return t, o.file, err
	}
	file, there := "", false
	if c.Pipeline != nil {
		file, there = c.Pipeline.Deployments[t.Name]
	}
	if !there {
		return t, "", usageError{fmt.Errorf("no file configures %s: name one in %s as pipeline: {deployments: {%s: deployments/%s.yaml}}, or with --file (dagferry config export --target %s prints one)",
			t.Name, path, t.Name, t.Name, t.Name)}
	}
	here, err := os.Getwd()
	if err != nil {
		return t, "", err
	}
	return t, inCheckout(here, file), nil
}

// withoutTarget is who one is without a configuration.
func withoutTarget() config.Target {
	return config.Target{Token: "env://ASTRO_API_TOKEN"} //nolint:gosec // that is where the token is
}
