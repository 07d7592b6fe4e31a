package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/report"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/secret/secretmanager"
	"github.com/dagferry/dagferry/internal/secret/secretsmanager"
	"github.com/dagferry/dagferry/internal/secret/ssm"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

type syncOptions struct {
	config, target string
	json, verbose  bool
	overrides      syncer.Overrides
}

func newSync() *cobra.Command {
	var o syncOptions
	c := &cobra.Command{
		Use:   "sync",
		Short: "Make one run: take what the sources hold to the Deployment",
		Long: `sync makes one run for a target of dagferry.yaml: it lists the sources, gathers and checks the DAGs, and deploys
them if they changed. Other runs, in functions or elsewhere, may be under way: they do not disturb each other.`,
		Example: `  dagferry sync
  dagferry sync --target prod --json | jq .outcome
  dagferry sync --adopt --why "moving off the old bucket"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSync(cmd, o) },
	}
	f := c.Flags()
	f.StringVarP(&o.config, "config", "c", "", "the configuration (default: dagferry.yaml here or in a folder above)")
	f.StringVarP(&o.target, "target", "t", "", "the target's name (may be left out when there is one)")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log each step to standard error, as JSON")
	f.BoolVar(&o.overrides.Adopt, "adopt", false, "replace DAGs that somebody else, or another dagferry, deployed")
	f.BoolVar(&o.overrides.AllowDeletions, "allow-deletions", false, "deploy although the guards refuse so few files")
	f.StringVar(&o.overrides.Why, "why", "", "the reason, for the run's record")
	return c
}

func runSync(cmd *cobra.Command, o syncOptions) error {
	t, opener, err := targetOptions{o.config, o.target}.open(cmd)
	if err != nil {
		return err
	}
	defer func() { _ = opener.Checks.Close() }() // the process ends anyway
	return syncOnce(cmd, t, o)
}

// syncOnce makes one run and shows it.
func syncOnce(cmd *cobra.Command, t syncer.Target, o syncOptions) error {
	progress := newProgress(cmd.ErrOrStderr(), t.Name)
	quiet := context.AfterFunc(cmd.Context(), func() {
		progress.doing("stopping: a deploy that has begun is finished first (interrupt again to stop at once)")
	})
	defer quiet()
	s := syncer.Syncer{Version: version, Progress: progress.doing, Grace: grace}
	if o.verbose {
		s.Log, s.Progress = slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)), nil
	}
	record, err := s.Run(cmd.Context(), t, syncer.Trigger{Kind: syncer.ByCommand, By: whoami(), Overrides: o.overrides})
	progress.done()
	show := report.RunText
	if o.json {
		show = report.RunJSON
	}
	if err := show(cmd.OutOrStdout(), record); err != nil {
		return err
	}
	if err == nil && record.Outcome == syncer.Held {
		err = errHeld
	}
	return shown(err)
}

// configPath is where the configuration is: the path given, or dagferry.yaml here or in a folder above.
func configPath(path string) (string, error) {
	if path != "" {
		return path, nil
	}
	here, err := os.Getwd()
	if err == nil {
		path, err = config.Find(here)
	}
	if err != nil {
		return "", usageError{err}
	}
	return path, nil
}

// chooseTarget reads the configuration and picks a target.
func chooseTarget(ctx context.Context, path, name string) (config.Target, error) {
	path, err := configPath(path)
	if err != nil {
		return config.Target{}, err
	}
	c, err := loadConfig(ctx, newReader(), path)
	if err != nil {
		return config.Target{}, err
	}
	return pick(c, path, name)
}

// pick is the target of a name, or the only one; path is the configuration's.
func pick(c config.Config, path, name string) (config.Target, error) {
	if name == "" && len(c.Targets) == 1 {
		return c.Targets[0], nil
	}
	var names []string
	for _, t := range c.Targets {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return config.Target{}, usageError{fmt.Errorf("name one of %s's targets with --target: %s", path, strings.Join(names, ", "))}
}

// newOpener knows every kind of bucket and secret.
func newOpener(ctx context.Context) (target.Opener, error) {
	env := config.OS()
	aws, err := awssdk.Config(ctx, "")
	if err != nil {
		return target.Opener{}, err
	}
	secrets := secret.Local(env.Lookup)
	secrets[secretsmanager.Scheme], secrets[ssm.Scheme] = secretsmanager.New(aws), ssm.New(aws)
	secrets[secretmanager.Scheme] = secretmanager.New(secretmanager.Options{})
	google := gcs.NewTransport()
	return target.Opener{
		Buckets: map[string]target.Open{
			"s3": func(ctx context.Context, at config.Source) (bucket.Bucket, error) {
				return s3.Open(ctx, at.URL, s3.Options{
					Config: &aws, Region: at.Region, RoleARN: at.RoleARN, ExpectedOwner: at.ExpectedBucketOwner, RequesterPays: at.RequesterPays,
				})
			},
			"gs": func(ctx context.Context, at config.Source) (bucket.Bucket, error) {
				return gcs.Open(ctx, at.URL, gcs.Options{Transport: google, RequesterPays: at.RequesterPays})
			},
			"file": func(_ context.Context, at config.Source) (bucket.Bucket, error) {
				return dir.Open(strings.TrimPrefix(at.URL, "file://"), dir.Options{})
			},
		},
		Secrets: secrets, AstroURL: env.AstroURL(), Version: version,
		Checks: &target.Checks{Interpreter: interpreter, Validators: validators(aws)},
	}, nil
}

func whoami() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
