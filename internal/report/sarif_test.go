package report_test

import (
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/report"
)

// sarif is what a reader of SARIF takes from a log that the standard's schema has no objection to.
type sarif struct {
	Runs []struct {
		ColumnKind string
		Tool       struct {
			Driver struct {
				Name, Version string
				Rules         []struct {
					ID, Name             string
					ShortDescription     struct{ Text string }
					Help                 struct{ Text string }
					DefaultConfiguration struct{ Level string }
				}
			}
		}
		Results []sarifResult
	}
}

type sarifResult struct {
	RuleID    string
	RuleIndex *int
	Level     string
	Message   struct{ Text string }
	Locations []struct {
		PhysicalLocation struct {
			ArtifactLocation struct{ URI string }
			Region           struct{ StartLine, StartColumn int }
		}
	}
	PartialFingerprints map[string]string
}

func readSARIF(t *testing.T, text string) sarif {
	t.Helper()
	schema, err := os.Open(tool(t, "schema", "report", "sarif-schema-2.1.0.json"))
	require.NoError(t, err)
	defer schema.Close()
	doc, err := jsonschema.UnmarshalJSON(schema)
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("sarif.json", doc))
	compiled, err := c.Compile("sarif.json")
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, compiled.Validate(value))
	var got sarif
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.Len(t, got.Runs, 1)
	return got
}

func TestSARIF_eachFindingIsAResult(t *testing.T) {
	c := everything()
	run := readSARIF(t, written(t, c, report.SARIF)).Runs[0]
	assert.Equal(t, "unicodeCodePoints", run.ColumnKind)
	assert.Equal(t, "dagferry v1.2.3", run.Tool.Driver.Name+" "+run.Tool.Driver.Version)
	require.Len(t, run.Results, len(c.Findings))
	for i, f := range c.Findings {
		r := run.Results[i]
		assert.Equal(t, f.Rule, r.RuleID)
		if _, known := parse.RuleOf(f.Rule); known {
			require.NotNil(t, r.RuleIndex)
			assert.Equal(t, f.Rule, run.Tool.Driver.Rules[*r.RuleIndex].ID)
		} else {
			assert.Nil(t, r.RuleIndex)
		}
		assert.Equal(t, levels()[f.Severity], r.Level)
		assert.Equal(t, utf8Of(f.Message), r.Message.Text)
		require.Len(t, r.Locations, 1)
		place := r.Locations[0].PhysicalLocation
		at, err := url.Parse(place.ArtifactLocation.URI)
		require.NoError(t, err)
		assert.Equal(t, f.Path, strings.TrimPrefix(at.Path, "./"))
		assert.Equal(t, map[bool]string{true: "file"}[strings.HasPrefix(f.Path, "/")], at.Scheme)
		assert.Regexp(t, "^[!-~]+$", place.ArtifactLocation.URI)
		assert.Equal(t, max(f.Line, 1), place.Region.StartLine)
		if f.Line > 0 {
			assert.Equal(t, f.Column, place.Region.StartColumn)
		}
	}
	assert.NotNil(t, readSARIF(t, written(t, report.Check{}, report.SARIF)).Runs[0].Results, "none is not the same as unknown")
}

func levels() map[parse.Severity]string {
	return map[parse.Severity]string{parse.Block: "error", parse.Warn: "warning", parse.Info: "note"}
}

func TestSARIF_rulesAreTheRegistrys(t *testing.T) {
	rules := readSARIF(t, written(t, report.Check{}, report.SARIF)).Runs[0].Tool.Driver.Rules
	require.Len(t, rules, len(parse.Rules()))
	for i, want := range parse.Rules() {
		assert.Equal(t, []string{want.ID, want.Name, want.Summary, levels()[want.Severity]},
			[]string{rules[i].ID, rules[i].Name, rules[i].ShortDescription.Text, rules[i].DefaultConfiguration.Level})
		assert.Contains(t, rules[i].Help.Text, want.ID)
	}
}

// fingerprints are those of these findings, in this order.
func fingerprints(t *testing.T, findings ...parse.Finding) []string {
	t.Helper()
	var all []string
	for _, r := range readSARIF(t, written(t, report.Check{Report: parse.Report{Findings: findings}}, report.SARIF)).Runs[0].Results {
		require.Len(t, r.PartialFingerprints, 1)
		assert.Regexp(t, regexp.MustCompile("^[0-9a-f]{32}:[0-9]+$"), r.PartialFingerprints["dagferry/v1"])
		all = append(all, r.PartialFingerprints["dagferry/v1"])
	}
	return all
}

func TestSARIF_fingerprintsOutliveAMovedLine(t *testing.T) {
	f := parse.Finding{Path: "dags/a.py", Line: 3, Column: 7, Rule: "DF101", Severity: parse.Block, Message: "no", Source: "x = y("}
	before := fingerprints(t, f)[0]
	moved := f
	moved.Line, moved.Column, moved.Source, moved.Message = 90, 11, "    x = y(", "differently said"
	assert.Equal(t, before, fingerprints(t, moved)[0])

	twins := fingerprints(t, f, moved)
	assert.Equal(t, before, twins[0])
	assert.NotEqual(t, before, twins[1], "the same line twice is two findings")
	for _, change := range []func(*parse.Finding){
		func(f *parse.Finding) { f.Path = "dags/b.py" },
		func(f *parse.Finding) { f.Rule = "DF103" },
		func(f *parse.Finding) { f.Source = "x = z(" },
		func(f *parse.Finding) { f.Source = "" },
	} {
		other := f
		change(&other)
		assert.NotEqual(t, before, fingerprints(t, other)[0])
	}
	whole, other := f, f
	whole.Source, other.Source, other.Message = "", "", "something else"
	assert.NotEqual(t, fingerprints(t, whole), fingerprints(t, other), "without a line, the message tells them apart")
}

func TestSARIF_namesMakeNoLinks(t *testing.T) {
	f := parse.Finding{Path: "a.py", Rule: "DF301", Message: `Airflow refuses "[free money](https://evil.example)"`}
	text := written(t, report.Check{Report: parse.Report{Findings: []parse.Finding{f}}}, report.SARIF)
	assert.NotContains(t, text, "](")
	assert.Contains(t, text, "[free money] (https://evil.example)")
}
