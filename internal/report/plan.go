package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/dagferry/dagferry/internal/pipeline"
)

// PlanJSON writes a pipeline's plan as one JSON object. Every key is always there, but for the time of a deploy that is not known.
func PlanJSON(w io.Writer, p pipeline.Plan) error {
	return write(w, whole(p))
}

// whole has no list that is null.
func whole(p pipeline.Plan) pipeline.Plan {
	p.Reasons, p.Files, p.Dirty, p.Notes, p.Refused = list(p.Reasons), list(p.Files), list(p.Dirty), list(p.Notes), list(p.Refused)
	return p
}

// mostFiles is how many files people are shown. JSON has all.
const mostFiles = 20

// PlanText writes a pipeline's plan for people: the decision, why, the files, and what else they should know.
func PlanText(w io.Writer, p pipeline.Plan) error {
	var b strings.Builder
	decision := string(p.Decision)
	if _, deploys := p.Deploys(); deploys && p.ConfigurationFile != "" {
		decision += " and configuration"
	}
	if p.Target != "" {
		decision = p.Target + ": " + decision
	}
	fmt.Fprintf(&b, "%s\n", decision)
	lines(&b, "because", p.Reasons)
	lines(&b, "of", []string{origin(p)})
	lines(&b, "changed", files(p.Files))
	lines(&b, "dirty", files(p.Dirty))
	lines(&b, "note", p.Notes)
	var refused []string
	for _, r := range p.Refused {
		refused = append(refused, r.Message)
	}
	lines(&b, "refused", refused)
	_, err := io.WriteString(w, b.String())
	return err
}

// lines are those below one label.
func lines(b *strings.Builder, label string, all []string) {
	for _, line := range all {
		fmt.Fprintf(b, "  %-8s %s\n", label, line)
		label = ""
	}
}

// origin is what the plan is of.
func origin(p pipeline.Plan) string {
	s := "commit " + p.Head
	switch {
	case p.Request != nil:
		s += fmt.Sprintf(", pull request %s", p.Request.ID)
		if p.Branch != "" {
			s += " into " + pipeline.Quoted(p.Branch)
		}
	case p.Branch != "":
		s += ", branch " + pipeline.Quoted(p.Branch)
	case p.Tag != "":
		s += ", tag " + pipeline.Quoted(p.Tag)
	}
	return s + " (" + p.Provider + ")"
}

func files(all []pipeline.File) []string {
	var shown []string
	for i, f := range all {
		if i == mostFiles {
			return append(shown, fmt.Sprintf("… and %d more; --json has all", len(all)-i))
		}
		classes := make([]string, len(f.Classes))
		for j, c := range f.Classes {
			classes[j] = string(c)
		}
		shown = append(shown, fmt.Sprintf("%s %s → %s (%s)", f.Status, pipeline.Quoted(f.Path), strings.Join(classes, ", "), f.Why))
	}
	return shown
}
