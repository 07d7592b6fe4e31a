package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCheck_hostileNames: each file is one finding in each format, whatever it is called.
func TestCheck_hostileNames(t *testing.T) {
	tree, program := t.TempDir(), built(t)
	names := []string{"a\n::error file=x.py::forged.py", "::warning::x.py", "a]]>.py", "a\x01\x1b[2J.py", "\xff\xfe.py", "100%0A,line=7.py"}
	for _, name := range names {
		require.NoError(t, os.WriteFile(filepath.Join(tree, name), []byte("import airflow # dag\nx = = 1\n"), 0o600))
	}
	told := func(format string) string {
		cmd := exec.Command(program, "check", ".", "--format", format)
		cmd.Dir = tree
		out, err := cmd.Output()
		require.Error(t, err)
		require.Equal(t, 3, cmd.ProcessState.ExitCode())
		return string(out)
	}
	var object struct{ Findings []any }
	require.NoError(t, json.Unmarshal([]byte(told("json")), &object))
	assert.Len(t, object.Findings, len(names))
	var log struct{ Runs []struct{ Results []any } }
	require.NoError(t, json.Unmarshal([]byte(told("sarif")), &log))
	assert.Len(t, log.Runs[0].Results, len(names))
	var suites struct {
		Cases []struct{} `xml:"testsuite>testcase>failure"`
	}
	require.NoError(t, xml.Unmarshal([]byte(told("junit")), &suites))
	assert.Len(t, suites.Cases, len(names))
	lines := strings.Split(strings.TrimSpace(told("github")), "\n")
	assert.Len(t, lines, len(names)+1)
	for _, line := range lines[:len(names)] {
		assert.Regexp(t, "^::error file=[^:,]+(,line=2,col=5)?,title=[^:,]+::", line)
	}
}
