package parse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/dagferry/dagferry/internal/parse"
)

// rulePages are where each rule is explained.
const rulePages = "../../docs/rules"

// example finds what is to be checked under a heading: Python, or the files of a tree.
var example = regexp.MustCompile("(?s)\n## (Bad|Good)\n\n```(python|text)\n(.*?)```\n")

// targets are what an example says of its target, in its first line.
var targets = regexp.MustCompile(`^# Target: (Airflow|Python) ([0-9.]+)\n`)

// TestRules_pages holds each rule to its page: it says what the registry says, its bad example is found by that rule, and
// its good one by none that blocks.
func TestRules_pages(t *testing.T) {
	var pages []string
	for _, rule := range parse.Rules() {
		pages = append(pages, rule.ID+".md")
		t.Run(rule.ID, func(t *testing.T) {
			page, err := os.ReadFile(filepath.Join(rulePages, rule.ID+".md"))
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(string(page), fmt.Sprintf("# %s %s\n", rule.ID, rule.Name)), "its title")
			severity := map[parse.Severity]string{parse.Block: "It **blocks**", parse.Warn: "It **warns**"}[rule.Severity]
			assert.Contains(t, string(page), severity)
			for _, found := range example.FindAllStringSubmatch(string(page), -1) {
				tree, o := exampleOf(found[2], found[3])
				findings := check(t, newChecker(t, o), tree).Findings
				has := slices.ContainsFunc(findings, func(f parse.Finding) bool { return f.Rule == rule.ID && f.Severity == rule.Severity })
				assert.Equal(t, found[1] == "Bad", has, "%s: %v", found[1], findings)
				if found[1] == "Good" {
					assert.Empty(t, findings)
				}
			}
		})
	}
	there, err := filepath.Glob(filepath.Join(rulePages, "DF*.md"))
	require.NoError(t, err)
	for _, path := range there {
		assert.Contains(t, pages, filepath.Base(path), "a page of no rule")
	}
}

func exampleOf(kind, text string) (fstest.MapFS, parse.Options) {
	if kind == "text" {
		tree := fstest.MapFS{}
		for _, f := range txtar.Parse([]byte(text)).Files {
			tree[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		return tree, parse.Options{}
	}
	var o parse.Options
	if target := targets.FindStringSubmatch(text); target != nil && target[1] == "Airflow" {
		o.Airflow = target[2]
	} else if target != nil {
		o.Python = target[2]
	}
	return fstest.MapFS{"dag.py": {Data: []byte(text)}}, o
}

// TestRules_index lists every rule.
func TestRules_index(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(rulePages, "README.md"))
	require.NoError(t, err)
	for _, r := range parse.Rules() {
		assert.Contains(t, string(index), fmt.Sprintf("| [%s](%s.md) | %s | %s | %s |", r.ID, r.ID, r.Name, r.Severity, r.Summary))
	}
}
