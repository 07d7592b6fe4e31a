package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/pytest"
	"github.com/dagferry/dagferry/internal/report"
	"github.com/dagferry/dagferry/internal/syncer"
)

type deployOptions struct {
	planOptions
	images      image.Options
	description string
	overrides   syncer.Overrides
	removals    bool
	interpreter string
	noTests     bool
	wait        time.Duration
}

func newDeploy() *cobra.Command {
	var o deployOptions
	c := &cobra.Command{
		Use:   "deploy",
		Short: "Deploy this commit: image, DAGs and configuration, as the plan says",
		Long: `deploy does what dagferry plan says, in this order: it checks the DAGs, builds the image and verifies it, uploads its
layers, brings the Deployment's configuration to its file, makes one deploy, and waits until it has arrived. Nothing is sent
before all is checked and built, and what fails leaves what is live.

The DAGs are those that git knows in the project's dags/. They are deployed by a run like dagferry sync's: runs of functions, and
other builds, do not disturb it, and a hold stops it. The image is built for linux/amd64 by docker, podman or buildah.

Exit codes are those of all commands: 3 if the DAGs, the image or the plan are refused, 4 for what a token or a setting refuses, 6 if
the target is held.`,
		Example: `  dagferry deploy
  dagferry deploy --type DAG_ONLY --json | jq .deployId
  dagferry deploy --builder podman --build-secret id=pip,env=PIP_EXTRA_INDEX_URL
  dagferry deploy --image-name registry.example.com/airflow:1.4`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDeploy(cmd, o) },
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.Image, "image-name", "", "deploy this image instead of building one: a builder's, or a registry's")
	imageFlags(c, &o.images)
	f.StringVar(&o.interpreter, "interpreter", "", "run the project's tests by this Python (default: in the image, if one is deployed)")
	f.BoolVar(&o.noTests, "no-tests", false, "do not run the project's tests")
	f.StringVar(&o.description, "description", "", "words for the deploy's description")
	f.BoolVar(&o.overrides.Adopt, "adopt", false, "replace DAGs that somebody else, a bucket or another dagferry, deployed")
	f.BoolVar(&o.overrides.AllowDeletions, "allow-deletions", false, "deploy although the guards refuse so few DAGs")
	f.BoolVar(&o.removals, "allow-removals", false, "remove variables, queues, addresses and schedules that the Deployment's file does not have")
	f.StringVar(&o.overrides.Why, "why", "", "the reason for an override, for the run's record")
	f.DurationVar(&o.wait, "wait", 15*time.Minute, "how long it may take to arrive; 0 does not wait")
	return c
}

// imageFlags are what a builder is told.
func imageFlags(c *cobra.Command, o *image.Options) {
	f := c.Flags()
	f.StringVar(&o.Builder, "builder", "", "docker, podman or buildah (default: the first that works)")
	f.StringArrayVar(&o.Args, "build-arg", nil, "NAME=value for the Dockerfile's ARG (may be repeated)")
	f.StringArrayVar(&o.Secrets, "build-secret", nil, "id=NAME,src=FILE or id=NAME,env=NAME for RUN --mount=type=secret (may be repeated)")
	f.StringArrayVar(&o.CacheFrom, "cache-from", nil, "where the builder finds its cache (may be repeated)")
	f.StringArrayVar(&o.CacheTo, "cache-to", nil, "where the builder keeps its cache (may be repeated)")
}

func runDeploy(cmd *cobra.Command, o deployOptions) error {
	p, with, err := makePlan(cmd, o.planOptions)
	if err != nil {
		return err
	}
	if p.Decision == pipeline.Nothing {
		result, err := pipeline.Deployer{}.Deploy(cmd.Context(), p)
		return o.show(cmd, result, err)
	}
	defer func() { _ = with.opener.Checks.Close() }() // the process ends anyway
	progress := newSteps(cmd.ErrOrStderr(), p.Target)
	d, err := o.deployer(cmd, p, with)
	if err != nil {
		return err
	}
	d.Progress = progress.doing
	d.Syncer = syncer.Syncer{Version: version, Progress: progress.within, Grace: grace}
	var result pipeline.Result
	err = uncommanded(cmd.ErrOrStderr(), func() (err error) { // what a builder prints is a Dockerfile's to say
		result, err = d.Deploy(cmd.Context(), p)
		progress.done()
		return err
	})
	return o.show(cmd, result, err)
}

// deployer opens the plan's target.
func (o deployOptions) deployer(cmd *cobra.Command, p pipeline.Plan, with planned) (pipeline.Deployer, error) {
	ctx := cmd.Context()
	at := slices.IndexFunc(with.config.Targets, func(t config.Target) bool { return t.Name == p.Target })
	configured := with.config.Targets[at]
	d := pipeline.Deployer{
		Trigger: syncer.Trigger{Kind: syncer.ByPipeline, By: whoami(), Overrides: o.overrides},
		Words:   o.description, Images: o.images, ImageName: o.Image, Wait: o.wait, AllowOlder: o.AllowOlder,
		Secrets: with.opener.Secrets, AllowRemovals: o.removals,
	}
	var err error
	if d.Target, err = with.opener.Target(ctx, configured); err != nil {
		return d, err
	}
	if d.Token, err = with.opener.Secrets.Resolve(ctx, configured.Token); err != nil {
		return d, err
	}
	d.Images.Project = filepath.Join(p.Root, filepath.FromSlash(p.Project))
	d.Images.Hide = append(d.Images.Hide, d.Token)
	d.Images.Output = cmd.ErrOrStderr()
	if !o.noTests {
		d.Tests = o.tests(d.Images)
	}
	return d, nil
}

// tests runs the project's tests/ by pytest; the DAGs are checked at the target's level anyway.
func (o deployOptions) tests(images image.Options) func(context.Context, *image.Image) (string, error) {
	return func(ctx context.Context, built *image.Image) (string, error) {
		tests := projectTests{project: images.Project, noParse: true}
		suite, _, err := pytest.Suites(tests.project, nil, nil)
		switch {
		case err != nil:
			return "", err
		case len(suite.Paths) == 0:
			return "", pipeline.Skip("the project has no tests/")
		case o.interpreter == "" && built == nil:
			return "", pipeline.Skip("no image is deployed to run them in; name a Python with --interpreter, or run dagferry test before")
		}
		if err := tests.readEnvironment(""); err != nil {
			return "", err
		}
		outcome, err := tests.run(ctx, pytest.Options{
			Project: tests.project, Interpreter: o.interpreter, Image: built, Environment: tests.environment(), Hide: images.Hide, Output: images.Output,
		})
		return outcome.Line(), err
	}
}

func (o deployOptions) show(cmd *cobra.Command, r pipeline.Result, err error) error {
	id := ""
	if d := r.Run.Deploy; d != nil {
		id = d.ID
	}
	untold := o.tell(cmd, account{
		text:   func(w io.Writer) error { return report.DeployText(w, r) },
		object: func(w io.Writer) error { return report.DeployJSON(w, r) },
		outputs: []report.Output{
			{Name: "target", Value: r.Plan.Target}, {Name: "decision", Value: string(r.Plan.Decision)},
			{Name: "outcome", Value: string(r.Outcome)}, {Name: "deploy-id", Value: id},
		},
	})
	if untold != nil {
		return errors.Join(untold, err)
	}
	if err == nil && r.Outcome == syncer.Held {
		err = errHeld
	}
	return shown(err)
}

// steps shows what goes on: on a terminal the line that progress has, elsewhere one line for each thing that is begun. What a builder or
// tests print stands below a line of its own in any case.
type steps struct {
	*progress
	to   io.Writer
	name string
	mu   sync.Mutex
	last string
}

func newSteps(out io.Writer, name string) *steps {
	return &steps{progress: newProgress(out, name), to: out, name: name}
}

func (s *steps) doing(what string) {
	begun := what
	if !strings.HasPrefix(what, "waiting") {
		begun, _, _ = strings.Cut(what, ":") // not how far it is
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	prints := begun == "image" || begun == "tests"
	switch {
	case s.out != nil && !prints:
		s.progress.doing(what)
	case begun != s.last:
		s.done()
		fmt.Fprintf(s.to, "%s: %s\n", s.name, begun)
	}
	s.last = begun
}

// within shows a part of a step, where lines can be replaced.
func (s *steps) within(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.doing(what)
}
