package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/dagferry/dagferry/internal/deployment"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/syncer"
)

// deploy is what programs read of a pipeline's deploy. Every key is always there.
type deploy struct {
	Target  string         `json:"target"`
	Outcome syncer.Outcome `json:"outcome"`
	Reason  string         `json:"reason"`
	// Run is the run's id, "" if there was none; DeployID, Type, Image (repository:tag@digest) and DagVersion are of the deploy that it made.
	Run        string `json:"run"`
	DeployID   string `json:"deployId"`
	Type       string `json:"type"`
	Image      string `json:"image"`
	DagVersion string `json:"dagVersion"`
	// Arrived reports whether the Deployment was seen to run it.
	Arrived bool     `json:"arrived"`
	Files   int      `json:"files"`
	Added   []string `json:"added"`
	Changed []string `json:"changed"`
	Removed []string `json:"removed"`
	LeftOut []string `json:"leftOut"`
	// Configuration is what was changed of the Deployment's.
	Configuration []deployment.Change `json:"configuration"`
	Findings      []parse.Finding     `json:"findings"`
	Steps         []pipeline.Step     `json:"steps"`
	Warnings      []string            `json:"warnings"`
	Notes         []string            `json:"notes"`
	// Live is what the Deployment runs as far as is known, in words.
	Live    string        `json:"live"`
	Seconds float64       `json:"seconds"`
	Plan    pipeline.Plan `json:"plan"`
}

// DeployJSON writes what became of a plan as one JSON object.
func DeployJSON(w io.Writer, r pipeline.Result) error {
	out := deploy{
		Target: r.Plan.Target, Outcome: r.Outcome, Reason: r.Reason, Run: r.Run.Run, Arrived: r.Arrived, Files: r.Run.Files,
		Added: list(r.Run.Added), Changed: list(r.Run.Changed), Removed: list(r.Run.Removed), LeftOut: list(r.LeftOut), Configuration: list(r.Configuration), Findings: list(findings(r)),
		Steps: list(r.Steps), Warnings: list(r.Run.Warnings), Notes: list(r.Run.Notes), Live: stays(r), Seconds: r.Seconds, Plan: whole(r.Plan),
	}
	if d := r.Run.Deploy; d != nil {
		out.DeployID, out.Type, out.Image, out.DagVersion = d.ID, d.Type, d.Image, d.DagVersion
	}
	return write(w, out)
}

// DeployText writes what became of a plan for people: the outcome, why, each step, and what is live.
func DeployText(w io.Writer, r pipeline.Result) error {
	var b strings.Builder
	if r.Plan.Target != "" {
		fmt.Fprintf(&b, "%s: ", r.Plan.Target)
	}
	b.WriteString(outcome(r))
	lines(&b, "because", r.Plan.Reasons)
	lines(&b, "of", []string{origin(r.Plan)})
	lines(&b, "dirty", files(r.Plan.Dirty))
	lines(&b, "note", r.Plan.Notes)
	for _, s := range r.Steps {
		lines(&b, s.Outcome, []string{step(s)})
	}
	for _, f := range findings(r) {
		fmt.Fprintf(&b, "\n%s\n", f)
	}
	if len(r.Run.Findings) > 0 {
		b.WriteByte('\n')
	}
	lines(&b, "left out", leftOut(r.LeftOut))
	lines(&b, "note", append(r.Run.Warnings, r.Run.Notes...))
	lines(&b, "why", reason(r))
	lines(&b, "live", []string{stays(r)})
	_, err := io.WriteString(w, b.String())
	return err
}

// findings names files as the repository does.
func findings(r pipeline.Result) []parse.Finding {
	var all []parse.Finding
	for _, f := range r.Run.Findings {
		f.Path = path.Join(r.Plan.Project, "dags", f.Path)
		all = append(all, f)
	}
	return all
}

func outcome(r pipeline.Result) string {
	switch d := r.Run.Deploy; {
	case d != nil && r.Reason != "":
		return fmt.Sprintf("%s as %s was made, then %s in %.1f s\n", d.Type, d.ID, r.Outcome, r.Seconds)
	case d != nil:
		return fmt.Sprintf("%s %s as %s in %.1f s\n", r.Outcome, d.Type, d.ID, r.Seconds)
	case r.Plan.Decision == pipeline.Nothing && r.Reason == "":
		return "nothing to deploy\n"
	}
	return fmt.Sprintf("%s in %.1f s\n", r.Outcome, r.Seconds)
}

// step is a step in a line; what failed is told as the reason.
func step(s pipeline.Step) string {
	text := s.Name
	if s.What != "" && s.Outcome != pipeline.Broke {
		text += ": " + s.What
	}
	if s.Seconds >= 0.1 {
		text += fmt.Sprintf(" (%.1f s)", s.Seconds)
	}
	return text
}

// reason is why nothing was deployed, unless findings say so already.
func reason(r pipeline.Result) []string {
	if r.Reason == "" || r.Outcome == syncer.Rejected && len(r.Run.Findings) > 0 {
		return nil
	}
	return strings.Split(strings.TrimSpace(r.Reason), "\n")
}

func leftOut(files []string) []string {
	var shown []string
	for i, f := range files {
		if i == mostFiles {
			return append(shown, fmt.Sprintf("… and %d more; --json has all", len(files)-i))
		}
		shown = append(shown, pipeline.Quoted(f)+": git ignores it, so it is of no commit")
	}
	return shown
}

// stays is what is live after it.
func stays(r pipeline.Result) string {
	if d := r.Run.Deploy; d != nil {
		return "deploy " + d.ID
	}
	if r.Plan.Target == "" {
		return "what was live"
	}
	was := "what was"
	if r.Run.Sent != "" {
		was = fmt.Sprintf("perhaps deploy %s (look at dagferry status); before it", r.Run.Sent)
	}
	dags := "DAGs of " + base(r.Plan.DagBase)
	if r.Plan.Dags != "git" {
		dags = "DAGs that are not this pipeline's"
	}
	return fmt.Sprintf("%s: the image of %s, %s", was, base(r.Plan.ImageBase), dags)
}

func base(b pipeline.Base) string {
	switch {
	case b.Deploy == "":
		return "no deploy that is known"
	case b.Commit == "":
		return "deploy " + b.Deploy
	}
	return fmt.Sprintf("deploy %s (commit %s)", b.Deploy, b.Commit[:7])
}
