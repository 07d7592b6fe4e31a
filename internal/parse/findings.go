package parse

import (
	"fmt"
	"io/fs"
	"slices"
)

// findings are the facts as they are told of a module: with what the rules' severities, its place and its own comments
// make of them.
func (c *Checker) findings(m *module, facts []fact) []Finding {
	var findings []Finding
	for _, f := range facts {
		if finding := c.finding(m, f); finding.Severity != Ignore {
			findings = append(findings, finding)
		}
	}
	return findings
}

func (c *Checker) finding(m *module, f fact) Finding {
	rule, _ := RuleOf(f.Rule)
	if !c.looksFor(rule) || rule.Level != LevelSyntax && (!m.reached || m.wantsNothingOf(f)) {
		return Finding{Severity: Ignore} // of what Airflow does not read, only that it is broken matters
	}
	finding := Finding{Path: m.path, Line: f.Line, Column: f.Column, Rule: f.Rule, Message: f.Message, Source: f.Source}
	if f.Source != "" && f.Column > 0 {
		finding.Caret = caret(f.Source, f.Shown, f.Width)
	}
	var set bool
	finding.Severity, set = c.severity(rule, m.path)
	if finding.Severity == Block {
		finding.soften(m.spared)
		if !set {
			finding.soften(f.why())
		}
	}
	return finding
}

// soften has a finding that would block warn, if there is a reason.
func (f *Finding) soften(why string) {
	if why != "" && f.Severity == Block {
		f.Severity = Warn
		f.Message += fmt.Sprintf(" (%s)", why)
	}
}

// why is the reason for which a fact only warns.
func (f fact) why() string {
	if f.Later {
		return "when the function around it is called"
	}
	if f.Own {
		return "unless the operator, which is not Airflow's, or its **arguments make something else of it"
	}
	return f.Soft
}

// wantsNothingOf reports whether a comment in the fact's line wants to hear nothing of it.
func (m *module) wantsNothingOf(f fact) bool {
	return slices.Contains(m.ignores, named{f.Rule, int32(f.Line)}) //nolint:gosec // lines of a file of at most 4 MB
}

// Imported makes of what a validator found what the settings want, and shows the lines that it is about.
func (c *Checker) Imported(tree fs.FS, report Report) Report {
	findings := make([]Finding, 0, len(report.Findings))
	for _, f := range report.Findings {
		if rule, _ := RuleOf(f.Rule); rule.Level == LevelImport {
			c.imported(tree, rule, &f)
		}
		if f.Severity != Ignore {
			findings = append(findings, f)
		}
	}
	report.Findings = findings
	return report
}

func (c *Checker) imported(tree fs.FS, rule Rule, f *Finding) {
	if severity, set := c.severity(rule, f.Path); set {
		f.Severity = severity
	}
	if excluding, excluded := c.exclude.Match(f.Path); excluded {
		f.soften(fmt.Sprintf("check.exclude has %q", excluding))
	}
	if f.Line == 0 || f.Source != "" {
		return
	}
	if data, err := fs.ReadFile(tree, f.Path); err == nil { // a module in a zip does without
		shown := located(f.Rule, "", f.Line, "", data)
		f.Source = shown.Source
	}
}
