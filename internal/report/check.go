package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
)

// Format is a way to tell what a check found.
type Format string

const (
	// Text is for people: what a compiler would print.
	Text Format = "text"
	// JSON is one object, with the findings as a run's JSON has them.
	JSON Format = "json"
	// GitHub is for the log of a GitHub Actions job, which makes annotations of it.
	GitHub Format = "github"
	// JUnit is the XML that Jenkins, GitLab and others read test results from.
	JUnit Format = "junit"
	// SARIF is OASIS's format for static analysis, version 2.1.0: for code scanning and editors.
	SARIF Format = "sarif"
)

// Formats lists all of them.
func Formats() []Format { return []Format{Text, JSON, GitHub, JUnit, SARIF} }

// ForCI reports whether a CI system reads the format, which finds files by their paths in the repository.
func (f Format) ForCI() bool { return f == GitHub || f == JUnit || f == SARIF }

// String is the format's name.
func (f *Format) String() string { return string(*f) }

// Set takes a format's name from the command line.
func (f *Format) Set(name string) error {
	if !slices.Contains(Formats(), Format(name)) {
		return fmt.Errorf("the formats are %s", names())
	}
	*f = Format(name)
	return nil
}

// Type is what the command line's help says instead of a value.
func (f *Format) Type() string { return "format" }

func names() string {
	var all []string
	for _, f := range Formats() {
		all = append(all, string(f))
	}
	return strings.Join(all, ", ")
}

// Check is what a check found, and what is told beside it.
type Check struct {
	parse.Report
	// Version is dagferry's own.
	Version string
}

// Write writes the check in a format, with the paths that the report has. Whatever files are named, and whatever is in them: a
// reader of the format finds as many findings as there are, and nothing else.
func (c Check) Write(w io.Writer, f Format) error {
	switch f {
	case Text:
		return c.text(w)
	case JSON:
		return c.json(w)
	case GitHub:
		return c.github(w)
	case JUnit:
		return c.junit(w)
	case SARIF:
		return c.sarif(w)
	}
	return fmt.Errorf("there is no format %q: the formats are %s", f, names())
}

func (c Check) text(w io.Writer) error {
	var b strings.Builder
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "%s\n", f)
	}
	b.WriteString(c.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// summary is a last line that counts.
func (c Check) summary() string {
	blocking := 0
	for _, f := range c.Findings {
		if f.Severity == parse.Block {
			blocking++
		}
	}
	return fmt.Sprintf("%s checked, %s, %d of them block\n", count(c.Files, "file"), count(len(c.Findings), "finding"), blocking)
}

func (c Check) json(w io.Writer) error {
	return write(w, struct {
		Files    int             `json:"files"`
		Findings []parse.Finding `json:"findings"`
	}{c.Files, list(c.Findings)})
}

// title is a rule's ID and name.
func title(id string) string {
	if rule, known := parse.RuleOf(id); known {
		return rule.ID + " " + rule.Name
	}
	return id
}
