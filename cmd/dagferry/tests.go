package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/pytest"
	"github.com/dagferry/dagferry/internal/report"
)

// projectTests are the tests of a project before a deploy.
type projectTests struct {
	// check has the parse test's settings, and the environment of all tests.
	check             checkOptions
	project           string
	paths, arguments  []string // pytest's; without paths, tests/
	noPytest, noParse bool
}

// run runs all of them, whatever the first ones say. What failed comes first in its error: that is known, and what could not be run is not.
func (p projectTests) run(ctx context.Context, place pytest.Options) (report.Tests, error) {
	outcome := report.Tests{Where: place.String()}
	tests, own, err := pytest.Suites(p.project, p.paths, p.arguments)
	if err != nil {
		return outcome, err
	}
	if outcome.Versions, err = pytest.Look(ctx, place); err != nil {
		return outcome, err
	}
	var problems []error
	if !p.noPytest {
		problems = append(problems, suite(ctx, place, tests, &outcome))
	}
	if !p.noParse {
		problems = append(problems, suite(ctx, place, own, &outcome), p.parse(ctx, place, &outcome))
	}
	slices.SortStableFunc(problems, func(a, b error) int { return rank(a) - rank(b) })
	return outcome, errors.Join(problems...)
}

func rank(err error) int {
	if err != nil && fault.Of(err) == fault.Rejected {
		return 0
	}
	return 1
}

// suite runs one of pytest's. Own parse tests are no news where there are none: the parse test is made anyway.
func suite(ctx context.Context, place pytest.Options, s pytest.Suite, outcome *report.Tests) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	result, err := pytest.Run(ctx, place, s)
	outcome.Suites = append(outcome.Suites, result)
	return err
}

// parse checks the DAGs as dagferry check --level import does, for the Airflow and the Python that the place has.
func (p projectTests) parse(ctx context.Context, place pytest.Options, outcome *report.Tests) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if outcome.Versions.Airflow == "" {
		return fault.Errorf(fault.Denied, "parse test: Airflow is not installed in %s", place)
	}
	dags := filepath.Join(p.project, "dags")
	if info, err := os.Stat(dags); err != nil || !info.IsDir() {
		return fault.Errorf(fault.Rejected, "parse test: there is no folder %s", dags)
	}
	found, err := p.imported(ctx, place, dags, outcome.Versions)
	if err != nil {
		return fmt.Errorf("parse test: %w", err)
	}
	shown, err := inRepository(dags, config.OS().Repository())
	if err != nil {
		return err
	}
	outcome.Parse = &report.Check{Report: below(shown, found), Version: ownVersion()}
	return blocked(outcome.Parse.Report)
}

// blocked is an error that names the first finding that blocks.
func blocked(found parse.Report) error {
	for _, f := range found.Findings {
		if f.Severity != parse.Block {
			continue
		}
		kind := fault.Rejected
		if f.Rule == parse.RuleUnavailable {
			kind = fault.Denied
		}
		return fault.Errorf(kind, "parse test: there are findings that block, the first is %s", firstLine(f.String()))
	}
	return nil
}

func firstLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}

func (p projectTests) imported(ctx context.Context, place pytest.Options, dags string, at pytest.Versions) (found parse.Report, err error) {
	p.check.level = config.LevelImport
	options, ignore, err := p.check.read(ctx)
	if err != nil {
		return found, err
	}
	options.Airflow, options.Python = at.AirflowMinor(), at.PythonMinor()
	if options.Interpreter, err = interpreter(); err != nil {
		return found, err
	}
	checker, err := parse.New(options)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, checker.Close()) }()
	spool, refused, err := gatherFolder(ctx, dags, ignore)
	if err != nil {
		return found, err
	}
	defer func() { _ = spool.Close() }() // a temporary file
	if found, err = checker.Check(ctx, spool.Tree()); err != nil {
		return found, err
	}
	if found, err = p.check.imports.importedBy(ctx, pytest.Importer(place), dags, options.Airflow, spool.Tree(), found); err != nil {
		return found, err
	}
	found = checker.Imported(spool.Tree(), found)
	found.Findings = append(refused, found.Findings...)
	return found, nil
}

// readEnvironment puts a file of NAME=value lines, which may be "" for the project's .env, before what --env says.
func (p *projectTests) readEnvironment(path string) error {
	given := path != ""
	if !given {
		path = filepath.Join(p.project, ".env")
	}
	text, err := os.ReadFile(path) //nolint:gosec // the user names it
	if err != nil && (given || !errors.Is(err, fs.ErrNotExist)) {
		return usageError{fmt.Errorf("read --env-file: %w", err)}
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(strings.TrimLeft(line, " \t"), "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, _, is := strings.Cut(line, "=")
		if value, set := config.OS().Lookup(name); !is && set {
			line += "=" + value
		}
		if is || strings.Contains(line, "=") {
			lines = append(lines, line)
		}
	}
	p.check.imports.environment = append(lines, p.check.imports.environment...)
	return p.check.imports.checkEnvironment()
}

// environment is what tests find in theirs.
func (p projectTests) environment() map[string]string {
	return config.Check{Environment: p.check.imports.environment}.Variables()
}
