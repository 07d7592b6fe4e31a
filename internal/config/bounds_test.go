package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
)

// Each of these would cost the YAML library seconds, gigabytes, or its stack.
func TestParse_whatCostsTooMuchIsRefused(t *testing.T) {
	const many = 300_000
	block, aliases := strings.Builder{}, strings.Builder{}
	for i := range 1000 {
		block.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	aliases.WriteString("version: 1\ntargets:\n  - ignore: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 8 {
		fmt.Fprintf(&aliases, "  - ignore: &a%d [%s]\n", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	for name, tc := range map[string]struct{ text, says string }{
		"size":             {"version: 1\n#" + strings.Repeat("x", config.MaxSize), "larger than 1 MiB"},
		"lists":            {strings.Repeat("[", many), "x:1: it is nested too deeply"},
		"mappings":         {strings.Repeat("{a: ", many/2), "x:1: it is nested too deeply"},
		"entries":          {strings.Repeat("- ", many) + "a", "x:1: it is nested too deeply"},
		"columns":          {block.String(), ": it is nested too deeply"},
		"keys":             {strings.Repeat("? ", many) + "a", "x:1: it is nested too deeply"},
		"lists in columns": {"version: 1\n" + strings.Repeat("- ", 60) + strings.Repeat("[", 60), "x:2: it is nested too deeply"},
		"anchors":          {strings.Repeat("&a\n", many) + "a", "x:101: it has too many anchors"},
		"tags":             {strings.Repeat("!a\n", many) + "a", "x:1: there are no tags"},
		"aliases":          {aliases.String(), "it holds too many values"},
		"itself":           {"version: 1\ntargets: &t [*t]", "it holds too many values"},
		"itself by two":    {"version: &v {a: *w}\ntargets: &w {b: *v}", "it holds too many values"},
		"many values":      {"version: 1\ntargets:\n" + strings.Repeat(" -\n", many), "it is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("x", []byte(tc.text))
			require.ErrorContains(t, err, tc.says)
			assert.Equal(t, fault.Denied, fault.Of(err))
			assert.Len(t, config.Problems(err), 1)
		})
	}
}

func TestParse_whatIsLargeAndInOrderIsRead(t *testing.T) {
	var b strings.Builder
	b.WriteString(strings.Repeat("# c\n", 150_000) + "version: 1\ntargets:\n")
	for i := range 500 {
		fmt.Fprintf(&b, `# target %[1]d
- name: target-%[1]d
  deployment: clx%[1]d
  sources:
  - url: s3://acme-dags/%[1]d/
    mount: a
  - {url: s3://acme-shared/,
  mount: shared}
  token: secretsmanager://dagferry/%[1]d
  state: s3://acme-dagferry/state/
  ignore:
  - "*.pyc"
  check: {level: syntax, exclude: [
    "a", "b",
  ]}
`, i)
	}
	c, err := config.Parse("x", []byte(b.String()))
	require.NoError(t, err)
	assert.Len(t, c.Targets, 500)
	assert.Equal(t, "shared", c.Targets[499].Sources[1].Mount)
}

func TestParse_onlyTheFirstProblemsAreTold(t *testing.T) {
	var keys strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&keys, "key%d: 1\n", i)
	}
	for _, text := range []string{"version: 1\ntargets:\n" + strings.Repeat("  - {}\n", 1000), keys.String()} {
		_, err := config.Parse("x", []byte(text))
		assert.Len(t, config.Problems(err), 101)
		require.ErrorContains(t, err, "more problems; fix these first")
	}
}

func TestLoad_endlessFile(t *testing.T) {
	endless := filepath.Join(t.TempDir(), "endless.yaml")
	f, err := os.Create(endless)
	require.NoError(t, err)
	require.NoError(t, f.Truncate(1<<40)) // zeros, none of which is on the disk
	require.NoError(t, f.Close())
	_, err = config.Load(endless)
	require.ErrorContains(t, err, "larger than 1 MiB")
}

// Whatever comes from outside is read, or refused with a place.
func FuzzParse(f *testing.F) {
	for _, archive := range []string{"testdata/good.txtar", "testdata/problems.txtar"} {
		for _, file := range files(f, archive) {
			f.Add(string(file.Data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := config.Parse("x", []byte(text))
		if err == nil {
			return
		}
		assert.Equal(t, fault.Denied, fault.Of(err))
		assert.NotEmpty(t, config.Problems(err), "%v", err)
	})
}
