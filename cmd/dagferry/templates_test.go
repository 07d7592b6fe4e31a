package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/templates"
)

// What the templates and the action run is there: the commands, and their flags.
func TestTemplates_runWhatThereIs(t *testing.T) {
	for _, p := range templates.Providers() {
		text, err := os.ReadFile(filepath.Join(checkout(t), "templates", p.File))
		require.NoError(t, err)
		runs := regexp.MustCompile(`dagferry (check|test|plan|deploy)\b([^|>;"'#\n]*)`).FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, runs, p.File)
		for _, run := range runs {
			assertRuns(t, run[1], strings.Fields(run[2]))
		}
	}
}

func TestAction_flagsOfItsScriptExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(checkout(t), "templates", "action.sh"))
	require.NoError(t, err)
	tests, deploys, found := strings.Cut(string(text), "json=${RUNNER_TEMP")
	require.True(t, found)
	flags := regexp.MustCompile(`(?m)(?:^ *|then )flags? ([a-z-]+) |\((--[a-z-]+)`)
	for command, part := range map[string]string{"test": tests, "deploy": deploys} {
		all := flags.FindAllStringSubmatch(part, -1)
		require.NotEmpty(t, all)
		for _, f := range all {
			assertRuns(t, command, []string{"--" + strings.TrimPrefix(f[1]+f[2], "--")})
		}
	}
}

func TestAction_everyInputIsUsedAndTold(t *testing.T) {
	root := checkout(t)
	action, err := os.ReadFile(filepath.Join(root, "action.yml"))
	require.NoError(t, err)
	script, err := os.ReadFile(filepath.Join(root, "templates", "action.sh"))
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "action.md"))
	require.NoError(t, err)
	inputs, rest, _ := strings.Cut(string(action), "\noutputs:")
	names := regexp.MustCompile(`(?m)^  ([a-z-]+):$`)
	for _, name := range names.FindAllStringSubmatch(inputs, -1) {
		variable := "INPUT_" + strings.ToUpper(strings.ReplaceAll(name[1], "-", "_"))
		if name[1] == "version" {
			variable = "DAGFERRY_VERSION"
		}
		assert.Contains(t, string(action), variable+": ${{ inputs."+name[1]+" }}")
		assert.Contains(t, string(script), variable, name[1])
		assert.Regexp(t, "`"+name[1]+"[`:]", string(page))
	}
	outputs, _, _ := strings.Cut(rest, "\nruns:")
	for _, name := range names.FindAllStringSubmatch(outputs, -1) {
		assert.Contains(t, string(page), "| `"+name[1]+"` |")
	}
}

func assertRuns(t *testing.T, command string, args []string) {
	t.Helper()
	c, _, err := newRoot().Find([]string{command})
	require.NoError(t, err)
	for _, a := range args {
		if name, is := strings.CutPrefix(a, "--"); is {
			assert.NotNil(t, c.Flags().Lookup(name), "dagferry %s --%s", command, name)
		}
	}
}
