// Command dagferry carries Airflow DAGs from buckets and folders to Astro: the same run as the functions', from a
// laptop, cron or any CI.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
)

// version is set by the build.
var version = "dev"

func main() {
	// The interpreter that reads authors' files runs as the same user: it must not read this process's memory.
	if err := parse.HardenProcess(); err != nil {
		fmt.Fprintln(os.Stderr, "dagferry: protect the process:", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := newRoot().ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", errInterrupted, err)
	}
	stop()
	if err != nil && !errors.Is(err, errShown) {
		fmt.Fprintln(os.Stderr, "dagferry:", err)
	}
	os.Exit(exitCode(err))
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "dagferry",
		Short: "Airflow DAGs from buckets to Astro",
		Long: `dagferry carries Airflow DAGs from where people keep them (S3, Cloud Storage, folders) to Astro.

Exit codes: 0 deployed or nothing to do, 2 wrong usage or configuration, 3 rejected (the DAGs need a fix),
4 denied (token, permissions or settings need a fix), 5 busy (another run is at work), 6 held, 7 different (config diff), 130 interrupted, 1 anything else.`,
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newSync(), newPlan(), newDeploy(), newWatch(), newStatus(), newHold(), newRelease(), newForget(), newCheck(), newTest(), newConfig(), newDoctor(), newInit(), newDemo(), newAstroSim(), newVersion())
	for _, c := range append(root.Commands(), root) {
		if args := c.Args; args != nil {
			c.Args = func(cmd *cobra.Command, a []string) error { return asUsage(args(cmd, a)) }
		}
	}
	return root
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// errShown marks an error that was shown already.
var errShown = errors.New("shown")

func shown(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errShown, err)
}

// errHeld ends a run that did nothing because somebody decided so.
var errHeld = errors.New("held")

// errInterrupted ends what a signal stopped.
var errInterrupted = errors.New("interrupted")

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, errInterrupted) {
		return 130
	}
	var problem config.Problem
	if usage := (usageError{}); errors.As(err, &usage) || errors.As(err, &problem) {
		return 2
	}
	if errors.Is(err, errHeld) {
		return 6
	}
	if errors.Is(err, errDiffers) {
		return 7
	}
	switch fault.Of(err) {
	case fault.Rejected:
		return 3
	case fault.Denied:
		return 4
	case fault.Busy:
		return 5
	case fault.Transient, fault.Broken:
	}
	return 1
}
