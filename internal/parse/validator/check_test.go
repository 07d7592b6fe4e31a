package validator_test

import (
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/validator"
)

func read(files ...string) parse.Report { return parse.Report{Files: len(files), Read: files} }

func TestCheck_findingsAndDuplicatesBlock(t *testing.T) {
	to, _ := serving(t, 200, `{"version": 1, "airflow": "3.3.2", "files": [
		{"path": "a.py", "findings": [], "dags": [{"id": "x"}, {"id": "y"}, {"id": "y"}]},
		{"path": "b.py", "findings": [{"rule": "DF501", "line": 7, "message": "ValueError: no"}], "dags": [{"id": "x"}]}]}`)
	report := read("a.py", "b.py")
	report.Findings = []parse.Finding{{Path: "z.py", Rule: "syntax", Severity: parse.Warn}}
	got, err := validator.Check(t.Context(), to, tree, report, validator.Settings{})
	require.NoError(t, err)
	assert.Equal(t, []parse.Finding{
		{Path: "b.py", Rule: parse.RuleDuplicate, Severity: parse.Block, Message: `its dag_id "x" is that of a DAG in a.py, too; Airflow shows one of them, and does not say which`},
		{Path: "b.py", Line: 7, Rule: parse.RuleImportError, Severity: parse.Block, Message: "ValueError: no"},
		{Path: "z.py", Rule: "syntax", Severity: parse.Warn},
	}, got.Findings)
}

func TestCheck_asksOnlyAboutWhatAirflowReadsAndNothingRefuses(t *testing.T) {
	to, requests := serving(t, 200, good)
	report := read("a.py", "broken.py", "excepted.py", "named.py", "x.zip")
	report.Findings = []parse.Finding{{Path: "broken.py", Severity: parse.Block}, {Path: "x.zip/m.py", Severity: parse.Block}, {Path: "a.py", Severity: parse.Warn}}
	files := fstest.MapFS{"a.py": tree["a.py"], validator.ExceptionsFile: {Data: []byte("# why\n\ndags/excepted.py  # a reason\n")}}
	_, err := validator.Check(t.Context(), to, files, report, validator.Settings{Exceptions: []string{"named.py"}})
	require.NoError(t, err, "the answer is about a.py only")
	assert.EqualValues(t, 1, requests.Load())

	_, err = validator.Check(t.Context(), to, files, read("excepted.py"), validator.Settings{})
	require.NoError(t, err)
	assert.EqualValues(t, 1, requests.Load(), "there is nothing to ask about")
}

func TestCheck_withoutAnAnswerItSaysWhatBecomesOfTheDAGs(t *testing.T) {
	to, _ := serving(t, 500, "")
	for policy, want := range map[validator.Policy]parse.Severity{"": parse.Block, validator.Block: parse.Block, validator.Warn: parse.Warn} {
		got, err := validator.Check(t.Context(), to, tree, read("a.py"), validator.Settings{Unavailable: policy})
		require.NoError(t, err)
		require.Len(t, got.Findings, 1)
		assert.Equal(t, want, got.Findings[0].Severity)
		assert.Equal(t, parse.RuleUnavailable, got.Findings[0].Rule)
		assert.Contains(t, got.Findings[0].Message, "it answered 500")
		assert.Contains(t, got.Findings[0].Message, "the DAGs were not imported")
	}
}

func TestCheck_importerOfAnotherAirflowWarns(t *testing.T) {
	to, _ := serving(t, 200, good)
	for version, warns := range map[string]bool{"": false, "3.3": false, "3.3.2": false, "3.1": true, "3.30": true} {
		got, err := validator.Check(t.Context(), to, tree, read("a.py"), validator.Settings{Airflow: version})
		require.NoError(t, err)
		assert.Equal(t, warns, len(got.Findings) == 1, version)
		assert.False(t, got.Blocked())
	}
}

// The protocol knows no cloud, and the functions do not carry the program.
func TestDependencies(t *testing.T) {
	for pkg, never := range map[string][]string{
		".":                          {"github.com/aws/", "cloud.google.com/", "functions/validator\n"},
		"./lambda":                   {"cloud.google.com/", "functions/validator\n"},
		"./cloudrun":                 {"github.com/aws/", "functions/validator\n"},
		"./interpreter":              {"github.com/aws/", "cloud.google.com/"},
		"../../../functions/s3sync":  {"cloud.google.com/", "functions/validator\n"},
		"../../../functions/gcssync": {"github.com/aws/", "functions/validator\n"},
	} {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		require.NoError(t, err)
		for _, other := range never {
			assert.False(t, strings.Contains(string(out), other), "%s has %s", pkg, other)
		}
	}
}
