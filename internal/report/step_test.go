package report_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/report"
)

func TestStepSummary_isOneBlockOfCode(t *testing.T) {
	text := "prod: DAG_ONLY\n  changed  A <img src=x>\r# a title\n```\n\n</pre>\xff"
	var b bytes.Buffer
	require.NoError(t, report.StepSummary(&b, "dagferry plan", says(text)))
	assert.Equal(t, "### dagferry plan\n\n    prod: DAG_ONLY\n      changed  A <img src=x>\n    # a title\n    ```\n    \n    </pre>\ufffd\n\n", b.String())
}

func TestStepSummary_isNotLongerThanGitHubTakes(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.StepSummary(&b, "dagferry deploy", says(strings.Repeat("a line\n", 1<<18))))
	assert.Less(t, b.Len(), 1<<20)
	assert.Contains(t, b.String(), "the log has the rest")
}

func TestStepOutputs_noValueMakesAnother(t *testing.T) {
	var b bytes.Buffer
	want := []report.Output{{Name: "target", Value: "prod"}, {Name: "outcome", Value: "x\nEOF\ndeploy-id=evil\ndeploy-id<<EOF\nevil"}, {Name: "deploy-id", Value: ""}}
	require.NoError(t, report.StepOutputs(&b, want))
	assert.Equal(t, want, outputs(t, b.String()))
}

// outputs reads a step's file as the runner does.
func outputs(t *testing.T, file string) (all []report.Output) {
	t.Helper()
	for file != "" {
		head, rest, _ := strings.Cut(file, "\n")
		name, end, is := strings.Cut(head, "<<")
		require.True(t, is, head)
		value, after, closed := strings.Cut(rest, "\n"+end+"\n")
		require.True(t, closed)
		all, file = append(all, report.Output{Name: name, Value: value}), after
	}
	return all
}

func says(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}
