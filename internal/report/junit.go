package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
)

// The elements and attributes of JUnit's XML that all its readers know. There is no standard; Jenkins's schema (junit-10.xsd of
// its xUnit plugin) is the one that they refer to.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Suite    suite    `xml:"testsuite"`
	}
	suite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	// testcase is a file. GitLab takes two with the same class and name for one.
	testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *failure `xml:"failure"`
		Error   *failure `xml:"error"`
		Out     string   `xml:"system-out,omitempty"`
	}
	failure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit writes a test for each file that was checked, or that something is found about. What blocks makes it fail; anything else
// is its output.
func (c Check) junit(w io.Writer) error {
	all := c.suite()
	text, err := xml.MarshalIndent(suites{Tests: all.Tests, Failures: all.Failures, Suite: all}, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit's XML: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (c Check) suite() suite {
	of := map[string][]parse.Finding{}
	paths := slices.Clone(c.Checked)
	for _, f := range c.Findings {
		of[f.Path] = append(of[f.Path], f)
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	all := suite{Name: "dagferry check"}
	for _, path := range slices.Compact(paths) {
		t := caseOf(path, of[path])
		if t.Failure != nil {
			all.Failures++
		}
		all.Cases = append(all.Cases, t)
	}
	all.Tests = len(all.Cases)
	return all
}

// caseOf makes one failure of all that blocks: readers take the first, and show its message as a headline.
func caseOf(path string, findings []parse.Finding) testcase {
	t := testcase{Class: "dagferry", Name: path}
	var blocking, other []string
	for _, f := range findings {
		if f.Severity != parse.Block {
			other = append(other, f.String())
			continue
		}
		if t.Failure == nil {
			t.Failure = &failure{Type: title(f.Rule), Message: f.Message}
		}
		blocking = append(blocking, f.String())
	}
	if more := len(blocking) - 1; more > 0 {
		t.Failure.Message += fmt.Sprintf(" (and %s)", count(more, "finding more"))
	}
	if t.Failure != nil {
		t.Failure.Text = strings.Join(blocking, "\n")
	}
	t.Out = strings.Join(other, "\n")
	return t
}
