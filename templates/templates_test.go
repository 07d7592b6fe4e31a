package templates

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// each runs a test for each template.
func each(t *testing.T, test func(t *testing.T, p Provider, text string)) {
	for _, p := range Providers() {
		t.Run(p.Name, func(t *testing.T) {
			text, err := files.ReadFile(p.File)
			require.NoError(t, err)
			test(t, p, string(text))
		})
	}
}

func TestFiles_eachHasAProvider(t *testing.T) {
	entries, err := files.ReadDir(".")
	require.NoError(t, err)
	var have, want []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	for _, p := range Providers() {
		want = append(want, p.File)
	}
	assert.ElementsMatch(t, want, have)
}

func TestRender_everyFormOfEveryTemplateParses(t *testing.T) {
	forms := map[string]func(*Repository){
		"as it stands": func(*Repository) {},
		"one branch":   func(r *Repository) { r.Branches = []string{"main"} },
		"DAGs only":    func(r *Repository) { r.Image = false },
		"image only":   func(r *Repository) { r.DAGs = false },
	}
	each(t, func(t *testing.T, p Provider, _ string) {
		for name, change := range forms {
			r := example()
			change(&r)
			text, err := Render(p, r)
			require.NoError(t, err)
			assert.NotRegexp(t, `(?m)(#|//) (image|dags)\b`, string(text), name)
			assert.Equal(t, r.Image, strings.Contains(string(text), "dagferry test"), name)
			assert.Equal(t, r.DAGs, strings.Contains(string(text), "dagferry check"), name)
			if p.File != "Jenkinsfile" {
				_, err = parser.ParseBytes(text, 0)
				assert.NoError(t, err, name)
			}
		}
	})
}

func TestRender_fillsIn(t *testing.T) {
	r := Repository{Version: "v2.3.4", Branches: []string{"trunk"}, Target: "live", Project: "airflow", Image: true, DAGs: true}
	each(t, func(t *testing.T, p Provider, _ string) {
		text, err := Render(p, r)
		require.NoError(t, err)
		assert.NotContains(t, string(text), Version)
		for _, form := range example().forms() {
			assert.NotContains(t, string(text), form)
		}
		assert.Contains(t, string(text), "trunk")
		assert.Contains(t, string(text), "dagferry test airflow")
		assert.Contains(t, string(text), "dagferry check airflow/dags --target live")
	})
}

func TestRender_refusesWhatAShellOrYAMLWouldRead(t *testing.T) {
	p, err := Find("jenkins")
	require.NoError(t, err)
	for _, name := range []string{"a b", "$(id)", "`id`", "a'b", `a"b`, "a;b", "a\nb", "{a}", "a,b", "a$b", "-rf", "", "a#b", "a|b", "*"} {
		for field, change := range map[string]func(*Repository){
			"branch":  func(r *Repository) { r.Branches = []string{"main", name} },
			"target":  func(r *Repository) { r.Target = name },
			"project": func(r *Repository) { r.Project = name },
			"version": func(r *Repository) { r.Version = name },
		} {
			r := example()
			change(&r)
			_, err := Render(p, r)
			assert.ErrorContains(t, err, "copy the template by hand", "%s %q", field, name)
		}
	}
}

// A line with a mark holds a value of the example, and no other line does: else a repository would get the example's.
func TestTemplates_marksAreWhereValuesAre(t *testing.T) {
	each(t, func(t *testing.T, _ Provider, text string) {
		for line := range strings.Lines(text) {
			code, m := cutMark(line)
			holds := slices.ContainsFunc(example().forms(), func(form string) bool { return strings.Contains(code, form) })
			assert.Equal(t, holds, m.filled, line)
		}
	})
}

func TestTemplates_installTheProgramAlike(t *testing.T) {
	script, err := os.ReadFile("install.sh")
	require.NoError(t, err)
	want := unindented(string(script))
	each(t, func(t *testing.T, p Provider, text string) {
		if p.Name == "jenkins" { // a Groovy string
			text = strings.ReplaceAll(text, `\\`, `\`)
		}
		assert.Contains(t, unindented(text), want)
		assert.Contains(t, text, Version)
	})
}

func unindented(s string) string { return regexp.MustCompile(`(?m)^ +`).ReplaceAllString(s, "") }

// What a CI knows by its own expressions, such as a branch's name, is somebody else's text: it may not become part of a script.
func TestTemplates_noExpressionIsPartOfAScript(t *testing.T) {
	for _, name := range []string{"github.yml", "../action.yml"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Contains(t, string(text), Version)
		for _, script := range scripts(string(text)) {
			assert.NotContains(t, script, "${{", name)
		}
		assert.NotEmpty(t, scripts(string(text)), name)
	}
	harness, err := os.ReadFile("harness.yaml")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^ +ASTRO_API_TOKEN: <\+secrets`, string(harness))
	assert.NotRegexp(t, `(?m)^ +dagferry .*<\+`, string(harness))
}

// scripts are the run: keys of a workflow or an action.
func scripts(text string) []string {
	return regexp.MustCompile(`(?m)^ +(?:- )?run: (?:\|\n(?:(?: {8,}.*)?\n)+|.*\n)`).FindAllString(text, -1)
}

func TestTemplates_actionsArePinnedByDigest(t *testing.T) {
	text, err := os.ReadFile("github.yml")
	require.NoError(t, err)
	uses := regexp.MustCompile(`(?m)uses: (.*)$`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, uses)
	for _, u := range uses {
		assert.Regexp(t, `^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`, u[1])
	}
}

func TestTemplates_deployOfTheWholeHistory(t *testing.T) {
	depth := map[string]string{
		"github": "fetch-depth: 0", "gitlab": `GIT_DEPTH: "0"`, "circleci": "method: full", "jenkins": "no shallow clone",
		"azure": "fetchDepth: '0'", "bitbucket": "depth: full", "codebuild": "Git clone depth: full", "harness": "depth: 0",
	}
	each(t, func(t *testing.T, p Provider, text string) {
		assert.Contains(t, text, depth[p.Name]) // Drone clones all by itself
		assert.Contains(t, text, "dagferry deploy")
	})
}
