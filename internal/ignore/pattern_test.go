package ignore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/ignore"
)

func TestParse_linesThatSayNothing(t *testing.T) {
	for _, line := range []string{"", "   ", "\r", "# a comment", "#", "/", "!", "!/"} {
		_, says, err := ignore.Parse(line)
		require.NoError(t, err)
		assert.Falsef(t, says, "%q", line)
	}
}

func TestParse_badPatternIsNamed(t *testing.T) {
	for line, want := range map[string]string{
		`[a-`:        "never closed",
		`[`:          "never closed",
		`[]`:         "never closed",
		`x[!a`:       "never closed",
		`[z-a]`:      "backwards",
		`[[:word:]]`: "no character class",
		`a[/]b`:      "slash",
		`foo\`:       "escapes nothing",
	} {
		_, _, err := ignore.Parse(line)
		require.Errorf(t, err, "%q", line)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, line[:1])
	}
}

func TestPattern_Match(t *testing.T) {
	for _, tc := range []struct {
		pattern string
		yes, no []string
	}{
		{"*.pyc", []string{"a.pyc", "x/y/a.pyc", ".pyc"}, []string{"a.py", "a.pyc/b"}},
		{"/*.py", []string{"a.py"}, []string{"x/a.py"}},
		{"a/b", []string{"a/b"}, []string{"x/a/b", "a", "a/b/c"}},
		{"a/*", []string{"a/b"}, []string{"a/b/c", "a"}},
		{"a/**", []string{"a/b", "a/b/c"}, []string{"a", "x/a/b"}},
		{"**/a", []string{"a", "x/a", "x/y/a"}, []string{"xa", "a/b"}},
		{"**/__pycache__/**", []string{"__pycache__/a", "x/__pycache__/a/b"}, []string{"__pycache__", "x/__pycache__"}},
		{"a/**/b", []string{"a/b", "a/x/b", "a/x/y/b"}, []string{"a/xb", "b"}},
		{"a**b", []string{"ab", "axxb", "x/axb"}, []string{"a/b"}},
		{"a/***/b", []string{"a/b", "a/x/y/b"}, nil},
		{"{a,b}", []string{"{a,b}", "x/{a,b}"}, []string{"a", "b"}},
		{"{a,b}*", []string{"{a,b}c"}, []string{"ac"}},
		{"[]x]y*", []string{"]y", "xy"}, []string{"y"}},
		{"[!a]b", []string{"bb", "-b"}, []string{"ab", "b"}},
		{"x[!a]y/z", []string{"xby/z"}, []string{"x/y/z", "xay/z"}},
		{"x[.-0]y", []string{"x.y", "x0y"}, []string{"x/y", "x1y"}},
		{"[[:digit:]_]?", []string{"1a", "_a"}, []string{"aa"}},
		{"[a-]b", []string{"-b", "ab"}, []string{"bb"}},
		{`\*.py`, []string{"*.py"}, []string{"a.py"}},
		{`\#a`, []string{"#a"}, nil},
		{`\!a`, []string{"!a"}, nil},
		{`a\ `, []string{"a "}, []string{"a"}},
		{"a  ", []string{"a"}, []string{"a  "}},
		{" a", []string{" a"}, []string{"a"}},
		{"b?d", []string{"bäd", "bad"}, []string{"bd", "b/d"}},
		{"ä*", []string{"ärger"}, []string{"a"}},
	} {
		p, says, err := ignore.Parse(tc.pattern)
		require.NoError(t, err, tc.pattern)
		require.True(t, says, tc.pattern)
		for _, name := range tc.yes {
			assert.Truef(t, p.Match(name, false), "%q should match %q", tc.pattern, name)
		}
		for _, name := range tc.no {
			assert.Falsef(t, p.Match(name, false), "%q should not match %q", tc.pattern, name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"*.py", "[!a-z]", `\`, "a/**/b/", "[[:alpha:]", "{a,b}", "\xff[\xff-"} {
		f.Add(s, "a/b.py")
	}
	f.Fuzz(func(_ *testing.T, line, name string) {
		p, says, err := ignore.Parse(line)
		if err == nil && says {
			p.Match(name, false)
			p.Match(name, true)
		}
	})
}
