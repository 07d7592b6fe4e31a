package report_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/report"
)

// junit is what a reader finds in a JUnit file that Jenkins's schema has no objection to.
type junit struct {
	Suites          []string
	Tests, Failures []int
	Cases           []junitCase
}

type junitCase struct {
	Class, Name, Out string
	Failures         []junitFailure
}

type junitFailure struct{ Type, Message, Text string }

func readJUnit(t *testing.T, text string) junit {
	t.Helper()
	path := filepath.Join(t.TempDir(), "junit.xml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	tool(t, "venv", "report", "installed")
	cmd := exec.Command(tool(t, "venv", "report", "bin", "python"), "testdata/junit.py", tool(t, "schema", "report", "junit-10.xsd"), path)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var got junit
	require.NoError(t, json.Unmarshal(out, &got))
	return got
}

func TestJUnit_aTestForEachFile(t *testing.T) {
	blocks := parse.Finding{Path: "dags/bad.py", Line: 1, Rule: "DF101", Severity: parse.Block, Message: "no", Source: "x(", Caret: " ^"}
	again := parse.Finding{Path: "dags/bad.py", Line: 2, Rule: "DF103", Severity: parse.Block, Message: "nor this"}
	warns := parse.Finding{Path: "dags/bad.py", Line: 3, Rule: "DF203", Severity: parse.Warn, Message: "perhaps"}
	elsewhere := parse.Finding{Path: "dags/.airflowignore", Line: 1, Rule: "DF109", Severity: parse.Warn, Message: "what?"}
	got := readJUnit(t, written(t, report.Check{Report: parse.Report{
		Files: 2, Checked: []string{"dags/bad.py", "dags/good.py"}, Findings: []parse.Finding{elsewhere, blocks, again, warns},
	}}, report.JUnit))
	assert.Equal(t, junit{
		Suites: []string{"dagferry check"}, Tests: []int{3, 3}, Failures: []int{1, 1},
		Cases: []junitCase{
			{Class: "dagferry", Name: "dags/.airflowignore", Out: elsewhere.String(), Failures: []junitFailure{}},
			{Class: "dagferry", Name: "dags/bad.py", Out: warns.String(), Failures: []junitFailure{{
				Type: "DF101 syntax", Message: "no (and 1 finding more)", Text: blocks.String() + "\n" + again.String(),
			}}},
			{Class: "dagferry", Name: "dags/good.py", Failures: []junitFailure{}},
		},
	}, got)
}

func TestJUnit_noNameBreaksIt(t *testing.T) {
	c := everything()
	got := readJUnit(t, written(t, c, report.JUnit))
	var names, want []string
	texts := ""
	for _, k := range got.Cases {
		names = append(names, k.Name)
		texts += k.Out + "\n"
		for _, f := range k.Failures {
			texts += f.Text + "\n"
		}
	}
	for _, name := range c.Checked {
		want = append(want, xmlOf(name))
	}
	slices.Sort(names)
	slices.Sort(want)
	assert.Equal(t, want, names)
	for _, f := range c.Findings {
		assert.Contains(t, texts, xmlOf(f.String()))
	}
	assert.Equal(t, []int{0, 0}, readJUnit(t, written(t, report.Check{}, report.JUnit)).Tests)
}

// xmlOf is what XML can hold of a text.
func xmlOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == '\ufffe' {
			return utf8.RuneError
		}
		return r
	}, utf8Of(s))
}
