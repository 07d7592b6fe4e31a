package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/report"
)

// telling is how a plan, or what became of it, is told: as text or JSON, into a file as well, and to GitHub Actions.
type telling struct {
	json     bool
	jsonFile string
}

// account is what there is to tell.
type account struct {
	text, object func(io.Writer) error
	outputs      []report.Output
}

func (t *telling) flags(c *cobra.Command) {
	c.Flags().BoolVar(&t.json, "json", false, "print one JSON object")
	c.Flags().StringVar(&t.jsonFile, "json-file", "", "write the JSON object to this file as well")
}

// tell prints it. In GitHub Actions the job's summary gets the text, and the step its outputs.
func (t telling) tell(cmd *cobra.Command, what account) error {
	env := config.OS()
	problems := []error{t.print(cmd.OutOrStdout(), what)}
	if t.jsonFile != "" {
		problems = append(problems, addTo(t.jsonFile, os.O_TRUNC, what.object))
	}
	if path := env.StepSummary(); path != "" && env.InGitHubActions() {
		problems = append(problems, addTo(path, os.O_APPEND, func(w io.Writer) error {
			return report.StepSummary(w, cmd.CommandPath(), what.text)
		}))
	}
	if path := env.StepOutput(); path != "" && env.InGitHubActions() {
		problems = append(problems, addTo(path, os.O_APPEND, func(w io.Writer) error { return report.StepOutputs(w, what.outputs) }))
	}
	return errors.Join(problems...)
}

func (t telling) print(w io.Writer, what account) error {
	if t.json {
		return what.object(w)
	}
	return uncommanded(w, func() error { return what.text(w) })
}

// addTo opens a file that the user, or the CI, named, and writes to it.
func addTo(path string, flag int, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o644) //nolint:gosec // for everybody, as what is printed is
	if err != nil {
		return fmt.Errorf("write the outcome: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
