package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/doctor"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/report"
)

func newDoctor() *cobra.Command {
	var o targetOptions
	var asJSON bool
	c := &cobra.Command{
		Use: "doctor", Short: "Say what would keep deploys from working, and what to do about it",
		Long: `doctor looks at the token (its kind, how long it lasts), the Deployment (its state, DAG-only deploys, whether CI/CD is enforced,
whether it is what its file says), the state and the sources of each target. It changes nothing, and tries no deploy: whether the
token may deploy, and the state be written, only a run finds out.

It exits with 4 if something blocks.`,
		Example: "  dagferry doctor\n  dagferry doctor --target prod --json | jq '.targets[].findings[] | select(.level == \"blocks\")'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd, o, asJSON) },
	}
	o.flags(c)
	c.Flags().Lookup("target").Usage = "the target's name (default: all of them)"
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func runDoctor(cmd *cobra.Command, o targetOptions, asJSON bool) error {
	ctx := cmd.Context()
	path, err := configPath(o.config)
	if err != nil {
		return err
	}
	c, err := loadConfig(ctx, newReader(), path)
	if err != nil {
		return err
	}
	targets := c.Targets
	if o.target != "" {
		t, err := pick(c, path, o.target)
		if err != nil {
			return err
		}
		targets = []config.Target{t}
	}
	opener, err := newOpener(ctx)
	if err != nil {
		return err
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	d := doctor.Doctor{Opener: opener, Pipeline: c.Pipeline, Now: time.Now, File: func(file string) string { return inCheckout(here, file) }}
	progress := newProgress(cmd.ErrOrStderr(), "doctor")
	var all []doctor.Examination
	var blocked error
	for _, t := range targets {
		progress.doing("look at " + t.Name)
		e := d.Examine(ctx, t)
		if all = append(all, e); e.Blocked() {
			blocked = errors.Join(blocked, fault.Errorf(fault.Denied, "%s: something blocks its deploys", t.Name))
		}
	}
	progress.done()
	show := report.DoctorText
	if asJSON {
		show = report.DoctorJSON
	}
	if err := show(cmd.OutOrStdout(), all); err != nil {
		return err
	}
	return shown(blocked)
}

// inCheckout is a file of the repository around a folder, named as short as can be.
func inCheckout(here, file string) string {
	path := filepath.Join(config.Checkout(here), filepath.FromSlash(file))
	if relative, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(relative) {
		return relative
	}
	return path
}
