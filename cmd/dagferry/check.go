package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/embedded"
	"github.com/dagferry/dagferry/internal/report"
	"github.com/dagferry/dagferry/internal/target"
)

type checkOptions struct {
	config, target  string // whose settings to take
	airflow, python string
	level           string
	exclude, rules  []string
	requirements    string
	format          report.Format
	imports         importOptions
}

func newCheck() *cobra.Command {
	o := checkOptions{format: report.Text}
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Check the DAGs of a folder as a run would",
		Long: `check bundles DIR as a run would, reads every Python file with CPython's own grammar, holds what it says to the
target's Airflow and Python, runs none of it, and says what would be refused: file, line, column, and why.

It needs no configuration: then defaults hold, and the newest Airflow and Python that are known. --target takes the settings of
a target in dagferry.yaml; other flags are added to them, or change them. Each rule is explained in docs/rules/.

With --level import, the DAGs are imported as Airflow imports them, which runs their code: in a process of the interpreter
that you name, between guards, or by a validator.

Formats: text for people, json for programs, github for annotations in GitHub Actions, junit for the test reports of GitLab,
Jenkins and others, sarif for code scanning. All of them go to the standard output and tell the same findings.

Files are named with DIR before them, as you gave it. github, junit and sarif name them as the repository does: from
GITHUB_WORKSPACE, or else from the folder that you are in.

Exit codes: 0 nothing blocks (there may be warnings), 3 something does, 2 wrong usage, 130 interrupted, 1 anything else.`,
		Example: `  dagferry check dags
  dagferry check dags --airflow 3.1 --python 3.12 --requirements requirements.txt
  dagferry check dags --target prod
  dagferry check dags --rule DF401=block --rule DF203=ignore
  dagferry check dags --level import --interpreter .venv/bin/python
  dagferry check dags --format json | jq '.findings[] | select(.severity == "block")'
  dagferry check dags --format sarif > dagferry.sarif`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runCheck(cmd, args[0], o) },
	}
	f := c.Flags()
	f.StringVarP(&o.config, "config", "c", "", "the configuration, for --target (default: dagferry.yaml here or in a folder above)")
	f.StringVarP(&o.target, "target", "t", "", "take the settings of this target of the configuration")
	f.StringVar(&o.airflow, "airflow", "", "the target's Airflow, such as 3.1 (default: the newest)")
	f.StringVar(&o.python, "python", "", "the target's Python, such as 3.12 (default: the newest)")
	f.StringVar(&o.level, "level", "", "how deep to check: syntax, rules or import (default: rules)")
	f.StringArrayVar(&o.exclude, "exclude", nil, "what cannot block, as in .gitignore (may be repeated)")
	f.StringArrayVar(&o.rules, "rule", nil, "what a rule's findings do, such as DF401=block; or warn, info, ignore (may be repeated)")
	f.StringVar(&o.requirements, "requirements", "", "a requirements.txt, or what pip freeze printed: what the image has (for DF203)")
	f.Var(&o.format, "format", "how to tell it: text, json, github, junit or sarif")
	o.imports.flags(c)
	return c
}

func runCheck(cmd *cobra.Command, dir string, o checkOptions) (err error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usageError{fmt.Errorf("%s is not a folder", dir)}
	}
	options, ignore, err := o.read(cmd.Context())
	if err != nil {
		return err
	}
	if err := o.imports.check(string(options.Level)); err != nil {
		return err
	}
	if options.Interpreter, err = interpreter(); err != nil {
		return err
	}
	checker, err := parse.New(options)
	if err != nil {
		return usageError{err}
	}
	defer func() { err = errors.Join(err, checker.Close()) }()
	progress := newProgress(cmd.ErrOrStderr(), dir)
	progress.doing("check")
	spool, refused, err := gatherFolder(cmd.Context(), dir, ignore)
	if err != nil {
		return err
	}
	defer func() { _ = spool.Close() }() // a temporary file
	found, err := checker.Check(cmd.Context(), spool.Tree())
	if err == nil && options.Level == parse.LevelImport {
		progress.doing("import")
		found, err = o.imports.imported(cmd.Context(), dir, options.Airflow, spool.Tree(), found)
		found = checker.Imported(spool.Tree(), found)
	}
	progress.done()
	if err != nil {
		return err
	}
	found.Findings = append(refused, found.Findings...)
	if err := show(cmd.OutOrStdout(), o.format, dir, found); err != nil {
		return err
	}
	if found.Blocked() {
		return shown(fault.Errorf(fault.Rejected, "%s has findings that block", dir))
	}
	return nil
}

// read puts the target's settings and the flags together, and says what is left out of the bundle.
func (o *checkOptions) read(ctx context.Context) (options parse.Options, ignore []string, err error) {
	ignore = config.DefaultIgnore()
	var chosen *config.Target
	if o.target != "" || o.config != "" {
		t, err := chooseTarget(ctx, o.config, o.target)
		if err != nil {
			return options, nil, err
		}
		options, ignore, chosen = target.CheckOptions(t.Check, t.Runtime), t.Ignore, &t
	}
	options.Airflow, options.Python = cmp.Or(o.airflow, options.Airflow), cmp.Or(o.python, options.Python)
	options.Exclude = append(options.Exclude, o.exclude...)
	switch level := parse.Level(o.level); level {
	case "":
	case parse.LevelSyntax, parse.LevelRules, parse.LevelImport:
		options.Level = level
	default:
		return options, nil, usageError{fmt.Errorf("--level %s: write syntax, rules or import", level)}
	}
	if options.Level == parse.LevelImport && chosen != nil {
		o.imports.add(*chosen)
	}
	for _, r := range o.rules {
		rule, severity, _ := strings.Cut(r, "=")
		options.Rules = append(options.Rules, parse.Setting{Rule: rule, Severity: parse.Severity(severity)})
	}
	if o.requirements != "" {
		text, err := os.ReadFile(o.requirements)
		if err != nil {
			return options, nil, usageError{fmt.Errorf("read --requirements: %w", err)}
		}
		options.Packages = append(options.Packages, strings.Split(string(text), "\n")...)
	}
	return options, ignore, nil
}

// show tells what was found in a folder.
func show(w io.Writer, format report.Format, dir string, found parse.Report) error {
	if format.ForCI() {
		var err error
		if dir, err = inRepository(dir, config.OS().Repository()); err != nil {
			return err
		}
	}
	check := report.Check{Report: below(dir, found), Version: ownVersion()}
	tell := func() error { return check.Write(w, format) }
	if format == report.Text {
		return uncommanded(w, tell)
	}
	return tell()
}

// uncommanded tells something in a way that GitHub's runner, if this is one's, takes for no command.
func uncommanded(w io.Writer, tell func() error) error {
	if config.OS().InGitHubActions() {
		return report.Uncommanded(w, tell)
	}
	return tell()
}

// interpreter is the configured Python, or the one beside this program, or the one inside it.
func interpreter() (string, error) {
	path, err := parse.Find(config.OS().Interpreter())
	if errors.Is(err, parse.ErrNoInterpreter) {
		return embedded.Interpreter()
	}
	return path, err
}
