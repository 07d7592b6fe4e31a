package report_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/report"
)

// hostile are names that a format might take for its own.
func hostile() []string {
	return []string{
		"dags/plain.py",
		"dags/two\nlines.py",
		"dags/x\n::add-mask::secret\r\n.py",
		"::error file=other.py,line=1::forged.py",
		"a,line=9,title=forged.py",
		"100%0A.py",
		"a]]><failure/>.py",
		`quotes"'<&>.py`,
		"not XML \x00\x01\x1b[31m\u2028\ufffe.py",
		"not UTF-8 \xff\xc3.py",
		"日本 #?.py",
		"../outside.py",
		"/absolute.py",
		"colon:first.py",
	}
}

// everything is a check that found something by each rule, and by one that is not registered, in files with hostile names and texts.
func everything() report.Check {
	c := report.Check{Version: "v1.2.3"}
	c.Checked = append(hostile(), "dags/clean.py")
	c.Files = len(c.Checked)
	ids := []string{"bundle", ""}
	for _, r := range parse.Rules() {
		ids = append(ids, r.ID)
	}
	severities := []parse.Severity{parse.Block, parse.Warn, parse.Info}
	for i, id := range ids {
		name := hostile()[i%len(hostile())]
		c.Findings = append(c.Findings, parse.Finding{
			Path: name, Line: i % 4, Column: i % 3, Rule: id, Severity: severities[i%3],
			Message: "what is wrong with " + name, Source: "x = " + name, Caret: "    ^",
		})
	}
	return c
}

func written(t *testing.T, c report.Check, f report.Format) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, c.Write(&b, f))
	return b.String()
}

// tool is something that make tools installs.
func tool(t *testing.T, name ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"..", "..", ".cache"}, name...)...))
	require.NoError(t, err)
	_, err = os.Stat(path)
	require.NoError(t, err, "run `make tools`")
	return path
}

func TestCheck_textIsWhatACompilerPrints(t *testing.T) {
	c := report.Check{Report: parse.Report{Files: 2, Findings: []parse.Finding{
		{Path: "dags/a.py", Line: 3, Column: 2, Rule: "DF101", Severity: parse.Block, Message: "no", Source: "x(", Caret: " ^"},
		{Path: "dags/b.py", Rule: "DF203", Severity: parse.Warn, Message: "perhaps"},
		{Path: "dags/b.py", Line: 1, Rule: "DF403", Severity: parse.Info, Message: "by the way"},
	}}}
	assert.Equal(t, `dags/a.py:3:2: no [DF101]
    x(
     ^
dags/b.py: warning: perhaps [DF203]
dags/b.py:1: note: by the way [DF403]
2 files checked, 3 findings, 1 of them block
`, written(t, c, report.Text))
}

func TestCheck_jsonHasEachFinding(t *testing.T) {
	c := everything()
	var got struct {
		Files    int
		Findings []parse.Finding
	}
	require.NoError(t, json.Unmarshal([]byte(written(t, c, report.JSON)), &got))
	assert.Equal(t, c.Files, got.Files)
	require.Len(t, got.Findings, len(c.Findings))
	for i, f := range c.Findings {
		f.Path, f.Message, f.Source = utf8Of(f.Path), utf8Of(f.Message), utf8Of(f.Source)
		assert.Equal(t, f, got.Findings[i])
	}
	assert.Contains(t, written(t, report.Check{}, report.JSON), `"findings": []`)
}

// utf8Of is what a format in UTF-8 can hold of a name: a replacement for each byte that is not part of a character.
func utf8Of(s string) string { return string([]rune(s)) }

func TestFormat_isOneOfThese(t *testing.T) {
	f := report.Text
	for _, known := range report.Formats() {
		require.NoError(t, f.Set(string(known)))
		assert.Equal(t, known, f)
		assert.NotEmpty(t, written(t, report.Check{}, known))
	}
	assert.EqualError(t, f.Set("yaml"), "the formats are text, json, github, junit, sarif")
	assert.ErrorContains(t, report.Check{}.Write(&strings.Builder{}, "yaml"), "yaml")
}
