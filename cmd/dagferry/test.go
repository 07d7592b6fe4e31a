package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/pytest"
	"github.com/dagferry/dagferry/internal/report"
	"github.com/dagferry/dagferry/internal/secret"
)

type testOptions struct {
	projectTests
	imageName string
	images    image.Options
	envFile   string
	junit     string
	json      bool
}

func newTest() *cobra.Command {
	var o testOptions
	c := &cobra.Command{
		Use:   "test [DIR] [-- PYTEST-ARGUMENT…]",
		Short: "Run a project's tests and the parse test where its DAGs will run",
		Long: `test runs what has to pass before a deploy, in the project DIR (default: the current folder):

  pytest           the tests in tests/, with the project's own settings
  own parse tests  .astro/test_*.py, as "astro dev init" made them, if there are any
  parse test       every DAG file imported as Airflow does, with the mocks and the file of exceptions of "astro dev parse"

They run in a container of the image that the Dockerfile makes (docker, podman or buildah builds it), of an image that is built already
(--image-name), or by a Python of this machine (--interpreter). A container gets dags/, tests/, .astro/ and pytest's settings
from the project, and all else as the image has it; it gets no variable and no file of this machine besides.
No test finds the token in ASTRO_API_TOKEN, or that of --target.

What the tests say goes to the standard error, the outcome to the standard output.

Exit codes: 0 all passed, 3 a test failed or a DAG does not import, 4 they could not be run (pytest is missing, say),
2 wrong usage, 130 interrupted, 1 anything else.`,
		Example: `  dagferry test
  dagferry test --interpreter .venv/bin/python -- -k etl --maxfail 1
  dagferry test --image-name acme/airflow:ci --junit tests.xml
  dagferry test --no-pytest --json | jq .parse.findings
  dagferry test --tests tests/dags --env STAGE=test`,
		RunE: func(cmd *cobra.Command, args []string) error { return runTest(cmd, args, o) },
	}
	o.flags(c)
	return c
}

func (o *testOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&o.check.config, "config", "c", "", "the configuration, for --target (default: dagferry.yaml here or in a folder above)")
	f.StringVarP(&o.check.target, "target", "t", "", "take the settings of this target's checks for the parse test")
	f.StringVar(&o.check.imports.interpreter, "interpreter", "", "test by this Python, which has Airflow and the project's requirements")
	f.StringVar(&o.imageName, "image-name", "", "test in this image instead of building one: a builder's, or a registry's")
	imageFlags(c, &o.images)
	f.StringArrayVar(&o.paths, "tests", nil, "a file or folder of the project to give to pytest instead of tests/ (may be repeated)")
	f.StringArrayVar(&o.check.imports.environment, "env", nil, "NAME=value that tests and DAGs find in their environment (may be repeated)")
	f.StringVar(&o.envFile, "env-file", "", "a file of such lines (default: the project's .env, if it has one)")
	f.BoolVar(&o.check.imports.strict, "strict", false, "parse test: no mocks of Variables, Connections and the environment")
	f.BoolVar(&o.noPytest, "no-pytest", false, "leave pytest out")
	f.BoolVar(&o.noParse, "no-parse", false, "leave both parse tests out")
	f.StringVar(&o.junit, "junit", "", "write JUnit's XML of all tests to this file")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
}

// read takes DIR and pytest's arguments from the command line.
func (o *testOptions) read(cmd *cobra.Command, args []string) error {
	if at := cmd.ArgsLenAtDash(); at >= 0 {
		args, o.arguments = args[:at], args[at:]
	}
	o.project = "."
	if len(args) > 0 {
		o.project = args[0]
	}
	if info, err := os.Stat(o.project); err != nil || !info.IsDir() {
		return usageError{fmt.Errorf("%s is not a folder", o.project)}
	}
	switch {
	case len(args) > 1:
		return usageError{errors.New("name one folder, and pytest's arguments behind --")}
	case o.noPytest && o.noParse:
		return usageError{errors.New("with --no-pytest and --no-parse there is nothing to test")}
	case o.check.imports.interpreter != "" && o.imageName != "":
		return usageError{errors.New("--interpreter and --image-name are two places: choose one")}
	}
	for _, a := range o.arguments {
		if name, _, _ := strings.Cut(a, "="); name == "--junitxml" || name == "--junit-xml" {
			return usageError{errors.New("dagferry reads pytest's JUnit file itself: use --junit FILE before the --")}
		}
	}
	return o.readEnvironment(o.envFile)
}

func runTest(cmd *cobra.Command, args []string, o testOptions) error {
	if err := o.read(cmd, args); err != nil {
		return err
	}
	place, done, err := o.place(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	outcome, err := o.run(cmd.Context(), place)
	err = errors.Join(err, done())
	if cmd.Context().Err() != nil || len(outcome.Suites) == 0 && outcome.Parse == nil {
		return err
	}
	if o.junit != "" {
		if unwritten := writeFile(o.junit, func(w io.Writer) error { return report.TestsJUnit(w, outcome) }); unwritten != nil {
			return errors.Join(unwritten, err)
		}
	}
	if unwritten := o.show(cmd.OutOrStdout(), outcome); unwritten != nil {
		return unwritten
	}
	return err
}

func (o testOptions) show(w io.Writer, outcome report.Tests) error {
	if o.json {
		return report.TestsJSON(w, outcome)
	}
	return uncommanded(w, func() error { return report.TestsText(w, outcome) })
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.Create(path) //nolint:gosec // the user named it
	if err != nil {
		return usageError{fmt.Errorf("write --junit: %w", err)}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

// place is where tests run. done removes an image that was built for them.
func (o testOptions) place(ctx context.Context, output io.Writer) (place pytest.Options, done func() error, err error) {
	place = pytest.Options{Project: o.project, Environment: o.environment(), Output: output}
	if place.Hide, err = o.hidden(ctx); err != nil {
		return place, nil, err
	}
	if place.Interpreter = o.check.imports.interpreter; place.Interpreter != "" {
		return place, func() error { return nil }, nil
	}
	o.images.Project, o.images.Hide, o.images.Output = o.project, place.Hide, output
	if o.imageName != "" {
		place.Image, err = image.Find(ctx, o.imageName, o.images)
	} else {
		place.Image, err = image.Build(ctx, o.images)
	}
	if err != nil {
		return place, nil, err
	}
	return place, place.Image.Close, nil
}

// hidden are the tokens that tests must not find.
func (o testOptions) hidden(ctx context.Context) ([]secret.Value, error) {
	names := []string{"ASTRO_API_TOKEN"}
	if o.check.target != "" || o.check.config != "" {
		t, err := chooseTarget(ctx, o.check.config, o.check.target)
		if err != nil {
			return nil, err
		}
		if name, is := strings.CutPrefix(t.Token, "env://"); is {
			names = append(names, name)
		}
	}
	var hidden []secret.Value
	for _, name := range names {
		if token, _ := config.OS().Lookup(name); token != "" {
			hidden = append(hidden, secret.NewValue(token))
		}
	}
	return hidden, nil
}
