package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/report"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

// targetOptions choose a target.
type targetOptions struct{ config, target string }

func (o *targetOptions) flags(c *cobra.Command) {
	c.Flags().StringVarP(&o.config, "config", "c", "", "the configuration (default: dagferry.yaml here or in a folder above)")
	c.Flags().StringVarP(&o.target, "target", "t", "", "the target's name (may be left out when there is one)")
}

// open opens the target. The opener's checks have to be closed.
func (o targetOptions) open(cmd *cobra.Command) (syncer.Target, target.Opener, error) {
	t, err := chooseTarget(cmd.Context(), o.config, o.target)
	if err != nil {
		return syncer.Target{}, target.Opener{}, err
	}
	opener, err := newOpener(cmd.Context())
	if err != nil {
		return syncer.Target{}, opener, err
	}
	opened, err := opener.Target(cmd.Context(), t)
	return opened, opener, err
}

func newStatus() *cobra.Command {
	var o targetOptions
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Short: "Say what is live, since when, and whether anything is held, rejected or under way",
		Example: "  dagferry status\n  dagferry status --json | jq .liveIs",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, _, err := o.open(cmd)
			if err != nil {
				return err
			}
			status, err := syncer.Syncer{}.Status(cmd.Context(), t)
			if err != nil {
				return err
			}
			if asJSON {
				return report.StatusJSON(cmd.OutOrStdout(), status)
			}
			return report.StatusText(cmd.OutOrStdout(), status)
		},
	}
	o.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func newHold() *cobra.Command {
	var o targetOptions
	var why string
	c := &cobra.Command{
		Use: "hold", Short: "Deploy nothing to a target until it is released, whoever asks",
		Long: `hold keeps every run, in functions or elsewhere, from deploying to a target. It returns when no run can have a
deploy under way any more. What is uploaded meanwhile is deployed after dagferry release.`,
		Example: `  dagferry hold --why "release freeze until Monday"`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, _, err := o.open(cmd)
			if err != nil {
				return err
			}
			progress := newProgress(cmd.ErrOrStderr(), t.Name)
			hold, err := syncer.Syncer{Progress: progress.doing}.Hold(cmd.Context(), t, whoami(), why)
			progress.done()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: held by %s: %s\n", t.Name, hold.By, hold.Reason)
			return err
		},
	}
	o.flags(c)
	c.Flags().StringVar(&why, "why", "no reason given", "the reason, which everybody is told")
	return c
}

func newRelease() *cobra.Command {
	var o syncOptions
	c := &cobra.Command{
		Use: "release", Short: "End a hold, and make a run",
		Long: `release ends a hold, whether a person's or one that a rollback at Astro made, and deploys what the sources hold: a
rollback is undone by it.`,
		Example: "  dagferry release",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, opener, err := targetOptions{o.config, o.target}.open(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = opener.Checks.Close() }() // the process ends anyway
			held, err := syncer.Syncer{}.Release(cmd.Context(), t, whoami())
			if err != nil {
				return err
			}
			if !held && !o.json {
				fmt.Fprintf(cmd.OutOrStdout(), "%s was not held\n", t.Name)
			}
			if len(t.Sources) == 0 {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s has no sources: its pipeline deploys, when it runs\n", t.Name)
				return err
			}
			return syncOnce(cmd, t, o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.config, "config", "c", "", "the configuration (default: dagferry.yaml here or in a folder above)")
	f.StringVarP(&o.target, "target", "t", "", "the target's name (may be left out when there is one)")
	f.BoolVar(&o.json, "json", false, "print one JSON object, as sync does")
	return c
}

func newForget() *cobra.Command {
	var o targetOptions
	c := &cobra.Command{
		Use: "forget", Short: "Look anew at what was rejected, at the next run",
		Example: "  dagferry forget && dagferry sync",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, _, err := o.open(cmd)
			if err != nil {
				return err
			}
			return syncer.Syncer{}.Forget(cmd.Context(), t)
		},
	}
	o.flags(c)
	return c
}
