package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/embedded"
	"github.com/dagferry/dagferry/internal/report"
)

type checkOptions struct {
	parse.Options
	level  string
	format report.Format
}

func newCheck() *cobra.Command {
	o := checkOptions{format: report.Text}
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Check the DAGs of a folder as a run would",
		Long: `check bundles DIR as a run with default settings would, reads every Python file with CPython's own grammar, runs
none of them, and says what would be refused: file, line, column, and why. It needs no configuration.

Formats: text for people, json for programs, github for annotations in GitHub Actions, junit for the test reports of GitLab,
Jenkins and others, sarif for code scanning. All of them go to the standard output and tell the same findings.

Files are named with DIR before them, as you gave it. github, junit and sarif name them as the repository does: from
GITHUB_WORKSPACE, or else from the folder that you are in.

Exit codes: 0 nothing blocks (there may be warnings), 3 something does, 2 wrong usage, 130 interrupted, 1 anything else.`,
		Example: `  dagferry check dags
  dagferry check dags --airflow 3.1 --python 3.12
  dagferry check dags --format json | jq '.findings[] | select(.severity == "block")'
  dagferry check dags --format sarif > dagferry.sarif`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runCheck(cmd, args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.Airflow, "airflow", "", "the target's Airflow, such as 3.1 (default: the newest)")
	f.StringVar(&o.Python, "python", "", "the target's Python, such as 3.12 (default: the newest)")
	f.StringArrayVar(&o.Exclude, "exclude", nil, "what cannot block, as in .gitignore (may be repeated)")
	f.StringVar(&o.level, "level", "syntax", "how deep to check: syntax")
	f.Var(&o.format, "format", "how to tell it: text, json, github, junit or sarif")
	return c
}

func runCheck(cmd *cobra.Command, dir string, o checkOptions) (err error) {
	if o.level != "syntax" {
		return usageError{fmt.Errorf("--level %s: this version checks at the level syntax only", o.level)}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usageError{fmt.Errorf("%s is not a folder", dir)}
	}
	if o.Interpreter, err = interpreter(); err != nil {
		return err
	}
	checker, err := parse.New(o.Options)
	if err != nil {
		return usageError{err}
	}
	defer func() { err = errors.Join(err, checker.Close()) }()
	progress := newProgress(cmd.ErrOrStderr(), dir)
	progress.doing("check")
	spool, refused, err := gatherFolder(cmd.Context(), dir)
	if err != nil {
		return err
	}
	defer func() { _ = spool.Close() }() // a temporary file
	found, err := checker.Check(cmd.Context(), spool.Tree())
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
	if format == report.Text && config.OS().InGitHubActions() {
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
