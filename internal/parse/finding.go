package parse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Severity is what a finding does to the run.
type Severity string

const (
	// Block rejects the run.
	Block Severity = "block"
	// Warn is reported; the run goes on.
	Warn Severity = "warn"
	// Info is worth knowing.
	Info Severity = "info"
	// Ignore is not told at all.
	Ignore Severity = "ignore"
)

// Finding is one thing to be said about one file.
type Finding struct {
	// Path in the tree; for a module in a zip, x.zip/mod.py.
	Path string `json:"path"`
	// Line from 1, or 0 when the finding is about the whole file.
	Line int `json:"line"`
	// Column in characters, from 1, or 0 when it is about the whole line.
	Column int `json:"column"`
	// Rule is the ID of one of Rules.
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Message ends without a full stop, and may say in parentheses what makes it a mere warning.
	Message string `json:"message"`
	// Source is the line, or what is around the column of a long one, without control characters.
	Source string `json:"source,omitempty"`
	// Caret is a line to be shown under Source, in a font of fixed width.
	Caret string `json:"caret,omitempty"`
}

// String is the finding as a compiler prints it: path:line:column: message [rule], the source line, and the caret. Nothing in
// it steers a terminal, whatever the file's name is.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(printable(f.Path), "\t", string(unicode.ReplacementChar)))
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
		if f.Column > 0 {
			fmt.Fprintf(&b, ":%d", f.Column)
		}
	}
	b.WriteString(": ")
	switch f.Severity {
	case Warn:
		b.WriteString("warning: ")
	case Info:
		b.WriteString("note: ")
	case Block, Ignore:
	}
	b.WriteString(printableLines(f.Message))
	if f.Rule != "" {
		b.WriteString(" [" + f.Rule + "]")
	}
	if f.Source != "" {
		b.WriteString("\n    " + f.Source)
	}
	if f.Caret != "" {
		b.WriteString("\n    " + f.Caret)
	}
	return b.String()
}

func compare(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
}

// Report is what a Check found.
type Report struct {
	// Files is how many were checked, modules in zips included.
	Files int `json:"files"`
	// Checked are their paths, sorted.
	Checked []string `json:"-"`
	// Findings are sorted by path, line and column.
	Findings []Finding `json:"findings"`
	// Read are the files that Airflow reads as files of DAGs: .py files and zips, sorted.
	Read []string `json:"-"`
}

// Sort puts the findings in order, and leaves out what is said twice.
func (r *Report) Sort() {
	slices.SortFunc(r.Findings, compare)
	r.Findings = slices.Compact(r.Findings)
}

// Blocked reports whether anything rejects the run.
func (r Report) Blocked() bool {
	for _, f := range r.Findings {
		if f.Severity == Block {
			return true
		}
	}
	return false
}
