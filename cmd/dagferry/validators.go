package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/parse/validator/cloudrun"
	python "github.com/dagferry/dagferry/internal/parse/validator/interpreter"
	"github.com/dagferry/dagferry/internal/parse/validator/lambda"
	"github.com/dagferry/dagferry/internal/target"
)

// validators knows every kind of one.
func validators(cfg aws.Config) map[string]target.Reach {
	return map[string]target.Reach{
		"arn":   func(_ context.Context, arn string) (validator.Transport, error) { return lambda.New(cfg, arn), nil },
		"https": service, "http": service,
	}
}

// service is one of Cloud Run's, which wants to know who calls, or one that somebody runs elsewhere, who is told nothing.
func service(_ context.Context, address string) (validator.Transport, error) {
	if at, err := url.Parse(address); err == nil && strings.HasSuffix(at.Hostname(), ".run.app") {
		return cloudrun.New(address)
	}
	return validator.HTTP{URL: address}, nil
}

// importOptions are the flags of the level import.
type importOptions struct {
	interpreter, validator string
	strict                 bool
	environment            []string
	// target is what --target names, or nil.
	target *config.Target
}

func (o *importOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.interpreter, "interpreter", "", "level import: a Python that has Airflow, such as .venv/bin/python")
	f.StringVar(&o.validator, "validator", "", "level import: the address of a validator, https://… or the ARN of a Lambda function")
	f.BoolVar(&o.strict, "strict", false, "level import: no mocks of Variables, Connections and the environment")
	f.StringArrayVar(&o.environment, "env", nil, "level import: NAME=value that DAGs find in their environment (may be repeated)")
}

// add takes what the flags leave open from a target's settings. An interpreter stands for its validator.
func (o *importOptions) add(t config.Target) {
	c := t.Check
	o.target = &t
	if o.interpreter == "" {
		o.validator = cmp.Or(o.validator, c.Validator)
	}
	o.strict = o.strict || c.Strict
	o.environment = append(slices.Clone(c.Environment), o.environment...)
}

// check is usable or a usageError.
func (o importOptions) check(level string) error {
	switch {
	case level != config.LevelImport && (o.interpreter != "" || o.validator != "" || o.strict || len(o.environment) > 0):
		return usageError{errors.New("--interpreter, --validator, --strict and --env are for --level import")}
	case level == config.LevelImport && (o.interpreter == "") == (o.validator == ""):
		return usageError{errors.New("--level import runs the DAGs: say where, by --interpreter .venv/bin/python or by --validator https://…")}
	}
	return o.checkEnvironment()
}

func (o importOptions) checkEnvironment() error {
	for _, s := range o.environment {
		if name, _, is := strings.Cut(s, "="); !is || name == "" {
			return usageError{fmt.Errorf("--env %s: write NAME=value", s)}
		}
	}
	return nil
}

func (o importOptions) reach(ctx context.Context) (validator.Transport, error) {
	if o.interpreter != "" {
		return python.Interpreter{Path: o.interpreter}, nil
	}
	cfg, err := awssdk.Config(ctx, "")
	if err != nil {
		return nil, err
	}
	scheme, _, _ := strings.Cut(o.validator, ":")
	reach := validators(cfg)[scheme]
	if reach == nil {
		return nil, usageError{fmt.Errorf("--validator %s: write https://… or the ARN of a Lambda function", o.validator)}
	}
	return reach(ctx, o.validator)
}

// imported adds to a report what a real import of the folder's DAGs finds.
func (o importOptions) imported(ctx context.Context, dir, airflow string, tree fs.FS, report parse.Report) (parse.Report, error) {
	to, err := o.reach(ctx)
	if err != nil {
		return report, err
	}
	return o.importedBy(ctx, to, dir, airflow, tree, report)
}

// importedBy is imported, by somebody who is known already.
func (o importOptions) importedBy(ctx context.Context, to validator.Transport, dir, airflow string, tree fs.FS, report parse.Report) (parse.Report, error) {
	s := validator.Settings{Airflow: airflow, Options: validator.Options{Strict: o.strict, Environment: config.Check{Environment: o.environment}.Variables()}}
	if o.target != nil {
		opener, err := newOpener(ctx)
		if err != nil {
			return report, err
		}
		s.Depot = opener.Depot(*o.target)
	}
	// In an Astro project, the file of exceptions is beside the folder of DAGs.
	text, err := os.ReadFile(filepath.Join(dir, "..", filepath.FromSlash(validator.ExceptionsFile))) //nolint:gosec // the user names the folder
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return report, err
	}
	s.Exceptions = validator.Exceptions(string(text))
	return validator.Check(ctx, to, tree, report, s)
}
