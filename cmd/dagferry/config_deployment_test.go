package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

func TestConfigApply_asks(t *testing.T) {
	sim := astrotest.Start(t, astrotest.Options{})
	t.Setenv("ASTRO_API_URL", sim.URL())
	t.Setenv("ASTRO_API_TOKEN", sim.Token(astrotest.TokenOptions{}))
	file := filepath.Join(t.TempDir(), "prod.yaml")
	require.NoError(t, os.WriteFile(file, []byte("deployment: {configuration: {ci_cd_enforcement: true}, metadata: {deployment_id: clx1}}"), 0o600))
	answer := func(said string) (int, string) {
		var out, asked bytes.Buffer
		root := newRoot()
		root.SetArgs([]string{"config", "apply", "--file", file})
		root.SetIn(strings.NewReader(said))
		root.SetOut(&out)
		root.SetErr(&asked)
		err := root.ExecuteContext(t.Context())
		assert.Contains(t, out.String(), "~ ci_cd_enforcement  false → true")
		assert.Contains(t, asked.String(), "Apply it? [y/N]")
		return exitCode(err), out.String()
	}
	for _, no := range []string{"", "\n", "n\n", "yesterday\n"} {
		code, out := answer(no)
		assert.Equal(t, 1, code)
		assert.NotContains(t, out, "applied")
	}
	code, out := answer("y\n")
	assert.Zero(t, code)
	assert.Contains(t, out, "applied")
	code, _, _ = run(t, "config", "diff", "--file", file)
	assert.Zero(t, code)
}
