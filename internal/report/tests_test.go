package report_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/pytest"
	"github.com/dagferry/dagferry/internal/report"
)

// As pytest 9 writes it.
const pytestJUnit = `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3" time="0.019" timestamp="2026-11-28T10:18:36.908185+00:00" hostname="here"><testcase classname="tests.test_a" name="test_ok" time="0.018" /><testcase classname="tests.test_a" name="test_bad" time="0.002"><failure message="assert 1 == 2">E   assert 1 &lt; 0
tests/test_a.py:7: AssertionError</failure></testcase><testcase classname="tests.test_a" name="test_skip" time="0.001"><skipped type="pytest.skip" message="no">why</skipped></testcase></testsuite></testsuites>`

func tested() report.Tests {
	bad := parse.Finding{Path: "dags/bad.py", Line: 1, Rule: "DF501", Severity: parse.Block, Message: "KeyError: 'x'"}
	return report.Tests{
		Where: "image x", Versions: pytest.Versions{Python: "3.12.1", Airflow: "3.1.8"},
		Suites: []pytest.Result{
			{Suite: "pytest", Tests: 3, Failed: 1, Skipped: 1, Seconds: 0.02, Failures: []pytest.Failure{{Test: "tests.test_a.test_bad", Message: "assert 1 == 2"}}, Problem: "pytest: 1 of 3", JUnit: []byte(pytestJUnit)},
			{Suite: "own parse tests", Failures: []pytest.Failure{}, Problem: "own parse tests: pytest does not start. Its last lines:\n  usage <x>"},
			{Suite: "others", Failures: []pytest.Failure{}, Note: "the project has none"},
		},
		Parse: &report.Check{Report: parse.Report{Files: 2, Checked: []string{"dags/bad.py", "dags/good.py"}, Findings: []parse.Finding{bad}}},
	}
}

func TestTestsJUnit_hasAllOfPytestsAndTheParseTest(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.TestsJUnit(&out, tested()))
	got := readJUnit(t, out.String())
	assert.Equal(t, []string{"pytest", "own parse tests (not run)", "dagferry check"}, got.Suites)
	assert.Equal(t, []int{6, 3, 1, 2}, got.Tests)
	assert.Equal(t, []int{2, 1, 0, 1}, got.Failures)
	require.Len(t, got.Cases, 6)
	assert.Equal(t, "test_bad", got.Cases[1].Name)
	assert.Equal(t, "E   assert 1 < 0\ntests/test_a.py:7: AssertionError", got.Cases[1].Failures[0].Text)
	assert.Equal(t, []junitFailure{{
		Type: "not run", Message: "own parse tests: pytest does not start. Its last lines:", Text: "own parse tests: pytest does not start. Its last lines:\n  usage <x>",
	}}, got.Cases[3].Failures)
	assert.Equal(t, "dags/bad.py", got.Cases[4].Name)
	assert.Contains(t, out.String(), `hostname="here"`)
}

func TestTestsText_aLineForEachSuite(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.TestsText(&out, tested()))
	assert.Equal(t, `tested in image x (Airflow 3.1.8, Python 3.12.1)
pytest: 3 tests, 1 failed, 0 errors, 1 skipped, in 0.0 s
  tests.test_a.test_bad: assert 1 == 2
own parse tests: not run to the end (pytest does not start. Its last lines:)
others: no tests, the project has none
dags/bad.py:1: KeyError: 'x' [DF501]
parse test: 2 files checked, 1 finding, 1 of them block
`, out.String())
}

func TestTestsLine(t *testing.T) {
	all := tested()
	assert.Equal(t, "pytest: 3 tests, 1 failed; own parse tests: 0 tests, 0 failed; others: none; parse test: 2 files checked, 1 finding, 1 of them block", all.Line())
}

func TestTestsJSON_hasEveryKey(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.TestsJSON(&out, report.Tests{}))
	assert.JSONEq(t, `{"where": "", "versions": {"python": "", "airflow": "", "pytest": ""}, "suites": [], "parse": null}`, out.String())
	out.Reset()
	require.NoError(t, report.TestsJSON(&out, tested()))
	var got struct {
		Suites []map[string]any
		Parse  struct{ Findings []any }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	assert.Len(t, got.Parse.Findings, 1)
	assert.InDelta(t, 1, got.Suites[0]["failed"], 0)
	assert.Equal(t, "the project has none", got.Suites[2]["note"])
}
