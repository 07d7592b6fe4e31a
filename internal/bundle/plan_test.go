package bundle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
)

func plan(t *testing.T, rules bundle.Rules, paths ...string) bundle.Plan {
	t.Helper()
	var list []bundle.File
	for _, p := range paths {
		list = append(list, bundle.File{Path: p, From: "s3://b/dags/" + p, Size: 1})
	}
	got, err := bundle.NewPlan(list, rules)
	require.NoError(t, err)
	assert.Len(t, paths, len(got.In)+len(got.LeftOut)+len(got.Rejects), "every file is in, left out, or rejects")
	return got
}

func in(p bundle.Plan) (paths []string) {
	for _, f := range p.In {
		paths = append(paths, f.Path)
	}
	return paths
}

func TestNewPlan_leavesOutWhatToolsLeaveBehind(t *testing.T) {
	got := plan(t, bundle.Rules{}, "", "sub/", "sub_$folder$", ".DS_Store", "sub/.DS_Store", "__MACOSX/._a.py", ".git/config",
		"x/.ipynb_checkpoints/a.py", "a.py", "sub/b.py", ".airflowignore", "gitignore.py", "zero.sql")
	assert.Equal(t, []string{".airflowignore", "a.py", "gitignore.py", "sub/b.py", "zero.sql"}, in(got))
	for _, l := range got.LeftOut {
		assert.NotEmpty(t, l.Rule, l.Path)
	}
	require.NoError(t, got.Err())
}

func TestNewPlan_ignoreRulesAreNamed(t *testing.T) {
	got := plan(t, bundle.Rules{Ignore: []string{"**/__pycache__/**", "*.pyc", "!keep.pyc"}, Markers: []string{"_READY"}},
		"a.py", "x.pyc", "keep.pyc", "d/__pycache__/a.cpython-312.pyc", "_READY", "d/_READY")
	assert.Equal(t, []string{"a.py", "d/_READY", "keep.pyc"}, in(got))
	rules := map[string]string{}
	for _, l := range got.LeftOut {
		rules[l.Path] = l.Rule
	}
	assert.Equal(t, "*.pyc", rules["x.pyc"])
	assert.Equal(t, "the marker", rules["_READY"])
}

func TestNewPlan_badRuleIsNamed(t *testing.T) {
	_, err := bundle.NewPlan(nil, bundle.Rules{Ignore: []string{"[z-"}})
	require.ErrorContains(t, err, "[z-")
}

func TestNewPlan_dangerousNamesReject(t *testing.T) {
	for path, says := range map[string]string{
		"/etc/passwd":                         "absolute",
		"../up.py":                            `".."`,
		"a/../b.py":                           `".."`,
		"a/./b.py":                            `"."`,
		"a//b.py":                             "empty segment",
		`a\b.py`:                              "backslash",
		"a\nb.py":                             "control character",
		"a\x00.py":                            "control character",
		"a\u0085b.py":                         "control character",
		"\xff.py":                             "UTF-8",
		strings.Repeat("x", 256):              "256 bytes",
		strings.Repeat("long/", 300) + "a.py": "limit is 1024",
	} {
		got := plan(t, bundle.Rules{}, "fine.py", path)
		err := got.Err()
		require.Error(t, err, path)
		assert.ErrorContains(t, err, says)
		assert.Equal(t, fault.Rejected, fault.Of(err))
		assert.NotContains(t, err.Error(), "\n", "a name is quoted")
	}
}

func TestNewPlan_ignoringANameAvoidsItsRejection(t *testing.T) {
	require.NoError(t, plan(t, bundle.Rules{Ignore: []string{"bad"}}, "fine.py", "bad//x").Err())
}

func TestNewPlan_filesThatCannotStandTogether(t *testing.T) {
	err := func(rules bundle.Rules, paths ...string) error {
		var list []bundle.File
		for i, p := range paths {
			list = append(list, bundle.File{Path: p, From: "s3://" + string(rune('a'+i)) + "/" + p, Size: 6})
		}
		got, err := bundle.NewPlan(list, rules)
		require.NoError(t, err)
		return got.Err()
	}
	assert.ErrorContains(t, err(bundle.Rules{}, "ml/x.py", "ml/x.py"), "s3://a/ml/x.py")
	assert.ErrorContains(t, err(bundle.Rules{}, "a", "b/c/d.py", "b/c"), "a folder too, because of b/c/d.py")
	assert.ErrorContains(t, err(bundle.Rules{Limits: bundle.Limits{Files: 1}}, "a", "b"), "limits.files")
	assert.ErrorContains(t, err(bundle.Rules{Limits: bundle.Limits{FileSize: 5}}, "a"), "limits.fileSize")
	assert.ErrorContains(t, err(bundle.Rules{Limits: bundle.Limits{TotalSize: 11}}, "a", "b"), "limits.totalSize")
	require.NoError(t, err(bundle.Rules{Limits: bundle.Limits{Files: 2, FileSize: 6, TotalSize: 12}}, "a", "b"))
}

func TestNewPlan_caseOnlyWarns(t *testing.T) {
	got := plan(t, bundle.Rules{}, "Dag.py", "dag.py")
	require.NoError(t, got.Err())
	assert.Equal(t, []string{"Dag.py and dag.py differ in case only"}, got.Warnings)
}

func TestPlan_errNamesTheFirstFew(t *testing.T) {
	var paths []string
	for _, c := range "abcdefgh" {
		paths = append(paths, "../"+string(c))
	}
	assert.ErrorContains(t, plan(t, bundle.Rules{}, paths...).Err(), "and 3 more")
}
