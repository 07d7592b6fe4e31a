package pytest

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// What pytest writes by --junitxml, as far as it is counted.
type (
	junitSuites struct {
		Cases []junitCase `xml:"testsuite>testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure []junitReason `xml:"failure"`
		Error   []junitReason `xml:"error"`
		Skipped []junitReason `xml:"skipped"`
	}
	junitReason struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// count counts what pytest's report has.
func (r *Result) count() error {
	var all junitSuites
	if err := xml.Unmarshal(r.JUnit, &all); err != nil {
		return fmt.Errorf("read pytest's report of %s: %w", r.Suite, err)
	}
	tests := map[string]bool{} // one whose teardown fails, too, is told twice
	for _, c := range all.Cases {
		if len(c.Error) == 0 || c.Class != "" { // without a class, a file
			tests[c.test()] = true
		}
		r.Failed += len(c.Failure)
		r.Errors += len(c.Error)
		r.Skipped += len(c.Skipped)
		for _, why := range append(c.Failure, c.Error...) {
			r.Failures = append(r.Failures, Failure{Test: oneLine(c.test()), Message: oneLine(why.said())})
		}
	}
	r.Tests = len(tests)
	return nil
}

func (c junitCase) test() string {
	if c.Class == "" {
		return c.Name
	}
	return c.Class + "." + c.Name
}

// said is one line: pytest's message, or the error's own where that says only that a file could not be imported, or a fixture failed.
func (j junitReason) said() string {
	message := strings.TrimSpace(j.Message)
	if first, _, more := strings.Cut(message, "\n"); more {
		message = strings.TrimSpace(first) + " …"
	}
	if message != "" && message != "collection failure" {
		return message
	}
	for line := range strings.Lines(j.Text) {
		if rest, is := strings.CutPrefix(line, "E   "); is {
			message = strings.TrimSpace(rest) // the last one names the exception
		}
	}
	return message
}
