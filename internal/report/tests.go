package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/pytest"
)

// Tests are how the tests before a deploy went.
type Tests struct {
	// Where they ran, and what is there.
	Where    string          `json:"where"`
	Versions pytest.Versions `json:"versions"`
	// Suites are those that pytest ran.
	Suites []pytest.Result `json:"suites"`
	// Parse is what an import of the DAGs found, nil if there was none.
	Parse *Check `json:"-"`
}

// TestsJSON writes them as one JSON object; parse is null if the DAGs were not imported.
func TestsJSON(w io.Writer, t Tests) error {
	t.Suites = list(t.Suites)
	out := struct {
		Tests
		Parse *parse.Report `json:"parse"`
	}{Tests: t}
	if t.Parse != nil {
		out.Parse = &parse.Report{Files: t.Parse.Files, Findings: list(t.Parse.Findings)}
	}
	return write(w, out)
}

// TestsText writes them for people: a line for each suite, and what is wrong.
func TestsText(w io.Writer, t Tests) error {
	var b strings.Builder
	fmt.Fprintf(&b, "tested in %s (Airflow %s, Python %s)\n", t.Where, orNone(t.Versions.Airflow), t.Versions.Python)
	for _, r := range t.Suites {
		suiteText(&b, r)
	}
	if t.Parse != nil {
		for _, f := range t.Parse.Findings {
			fmt.Fprintf(&b, "%s\n", f)
		}
		fmt.Fprintf(&b, "parse test: %s", t.Parse.summary())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Line is a line about all of them, for a list of steps.
func (t Tests) Line() string {
	var all []string
	for _, r := range t.Suites {
		if r.Note != "" {
			all = append(all, r.Suite+": none")
		} else {
			all = append(all, fmt.Sprintf("%s: %s, %d failed", r.Suite, count(r.Tests, "test"), r.Failed+r.Errors))
		}
	}
	if t.Parse != nil {
		all = append(all, "parse test: "+strings.TrimSpace(t.Parse.summary()))
	}
	return strings.Join(all, "; ")
}

func orNone(version string) string {
	if version == "" {
		return "none"
	}
	return version
}

func suiteText(b *strings.Builder, r pytest.Result) {
	fmt.Fprintf(b, "%s: ", r.Suite)
	if r.Note != "" {
		fmt.Fprintf(b, "no tests, %s\n", r.Note)
		return
	}
	if r.Problem != "" && len(r.Failures) == 0 {
		fmt.Fprintf(b, "not run to the end (%s)\n", firstLine(strings.TrimPrefix(r.Problem, r.Suite+": ")))
		return
	}
	fmt.Fprintf(b, "%s, %d failed, %s, %d skipped, in %.1f s\n", count(r.Tests, "test"), r.Failed, count(r.Errors, "error"), r.Skipped, r.Seconds)
	for _, f := range r.Failures {
		fmt.Fprintf(b, "  %s: %s\n", f.Test, f.Message)
	}
}

// A report that has suites of ours, and of pytest's, of which everything is kept.
type (
	mixedSuites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Suites   []any    `xml:"testsuite"`
	}
	rawSuites struct {
		Suites []rawSuite `xml:"testsuite"`
	}
	rawSuite struct {
		Attributes []xml.Attr `xml:",any,attr"`
		Inner      []byte     `xml:",innerxml"`
	}
)

// TestsJUnit writes them in JUnit's XML: pytest's own suites as it wrote them, and the import of the DAGs as dagferry check does. What kept a suite
// from being run is an error of a test that is named as the suite is.
func TestsJUnit(w io.Writer, t Tests) error {
	var all mixedSuites
	for _, r := range t.Suites {
		if err := all.add(r); err != nil {
			return fmt.Errorf("write JUnit's XML of %s: %w", r.Suite, err)
		}
	}
	if t.Parse != nil {
		s := t.Parse.suite()
		all.count(s)
		all.Suites = append(all.Suites, s)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit's XML: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (m *mixedSuites) count(s suite) {
	m.Tests, m.Failures, m.Errors = m.Tests+s.Tests, m.Failures+s.Failures, m.Errors+s.Errors
}

func (m *mixedSuites) add(r pytest.Result) error {
	if r.Problem != "" && r.Failed+r.Errors == 0 {
		why := testcase{Class: "dagferry", Name: r.Suite, Error: &failure{Type: "not run", Message: firstLine(r.Problem), Text: r.Problem}}
		s := suite{Name: r.Suite + " (not run)", Tests: 1, Errors: 1, Cases: []testcase{why}}
		m.count(s)
		m.Suites = append(m.Suites, s)
	}
	if len(r.JUnit) == 0 {
		return nil
	}
	var written rawSuites
	if err := xml.Unmarshal(r.JUnit, &written); err != nil {
		return err
	}
	for _, s := range written.Suites {
		m.count(s.rename(r.Suite))
		m.Suites = append(m.Suites, s)
	}
	return nil
}

// rename names the suite, and returns what it counts.
func (s rawSuite) rename(name string) (counts suite) {
	for i, a := range s.Attributes {
		n, _ := strconv.Atoi(a.Value) // a text counts nothing
		switch a.Name.Local {
		case "name":
			s.Attributes[i].Value = name
		case "tests":
			counts.Tests = n
		case "failures":
			counts.Failures = n
		case "errors":
			counts.Errors = n
		}
	}
	return counts
}

func firstLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}
