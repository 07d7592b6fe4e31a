package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
)

func TestParse_problemsNameFileLineKeyAndRemedy(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/problems.txtar")
	require.NoError(t, err)
	for i := 0; i < len(archive.Files); i += 2 {
		file, want := archive.Files[i], strings.Split(strings.TrimSpace(string(archive.Files[i+1].Data)), "\n")
		t.Run(file.Name, func(t *testing.T) {
			_, err := config.Parse(file.Name, file.Data)
			require.Error(t, err)
			assert.Equal(t, fault.Denied, fault.Of(err))
			got := strings.Split(err.Error(), "\n")
			require.Len(t, got, len(want), "%v", err)
			for i := range want {
				assert.Contains(t, got, pick(got, want[i]), "no line has %q", want[i])
			}
			assert.NotContains(t, err.Error(), "eyJ", "a token that stands where a reference should is not repeated")
		})
	}
}

// pick is the line that holds want, or want itself.
func pick(lines []string, want string) string {
	for _, l := range lines {
		if strings.Contains(l, want) {
			return l
		}
	}
	return want
}

const whole = `
version: 1
targets:
  - name: prod
    sources:
      - {url: s3://acme-dags/prod/dags, mount: /ml/}
    deployment: clx1
    token: secretsmanager://dagferry/prod
    state: s3://acme-dagferry/state
    runtime: {airflow: "3.1", python: "3.12"}
    layout: root
    settle: 5s
    marker: _READY
    ignore: ["*.bak"]
    limits: {files: 10, fileSize: 1000}
    guard: {minFiles: 0, maxDeleted: 25%}
    adopt: true
    check: {level: syntax, onFailure: warn, exclude: ["templates/**"]}
`

func TestParse_whole(t *testing.T) {
	c, err := config.Parse("dagferry.yaml", []byte(whole))
	require.NoError(t, err)
	require.Len(t, c.Targets, 1)
	zero, quarter, settle, wait := 0, config.Percent(25), 5*time.Second, time.Minute
	assert.Equal(t, config.Target{
		Name: "prod", Sources: []config.Source{{URL: "s3://acme-dags/prod/dags/", Mount: "ml"}}, Deployment: "clx1",
		Token: "secretsmanager://dagferry/prod", State: "s3://acme-dagferry/state/",
		Runtime: config.Runtime{Airflow: "3.1", Python: "3.12"}, Layout: bundle.LayoutRoot,
		Settle: &settle, MaxWait: &wait, Marker: "_READY", Ignore: []string{"*.bak"},
		Limits: bundle.Limits{Files: 10, FileSize: 1000}, Guard: config.Guard{MinFiles: &zero, MaxDeleted: &quarter},
		Adopt: true, Check: config.Check{Level: "syntax", OnFailure: "warn", Exclude: []string{"templates/**"}},
	}, c.Targets[0])
}

func TestParse_defaults(t *testing.T) {
	c, err := config.Parse("x", []byte(`
version: 1
targets: [{name: p, sources: [{url: "file:///dags"}], deployment: d, token: "env://T", state: "file:///state"}]`))
	require.NoError(t, err)
	got := c.Targets[0]
	assert.Equal(t, 1, *got.Guard.MinFiles)
	assert.Equal(t, config.Percent(50), *got.Guard.MaxDeleted)
	assert.Equal(t, 3*time.Second, *got.Settle)
	assert.Equal(t, time.Minute, *got.MaxWait)
	assert.Equal(t, []string{"__pycache__/", "*.pyc"}, got.Ignore)
	assert.Equal(t, config.Check{Level: "syntax", OnFailure: "reject"}, got.Check)
	assert.Equal(t, bundle.LayoutDags, got.Layout)
}

func TestParse_timesOfZeroAreObeyed(t *testing.T) {
	for _, tc := range []struct {
		times        string
		settle, wait time.Duration
	}{
		{"settle: 0s", 0, time.Minute},
		{"maxWait: 0s", 0, 0},
		{"maxWait: 2s", 2 * time.Second, 2 * time.Second},
		{"settle: 0s, maxWait: 0s", 0, 0},
		{"settle:", 3 * time.Second, time.Minute},
	} {
		c, err := config.Parse("x", []byte(`
version: 1
targets: [{name: p, sources: [{url: "file:///dags"}], deployment: d, token: "env://T", state: "file:///state", `+tc.times+`}]`))
		require.NoError(t, err, tc.times)
		assert.Equal(t, tc.settle, *c.Targets[0].Settle, tc.times)
		assert.Equal(t, tc.wait, *c.Targets[0].MaxWait, tc.times)
	}
}

func TestFunction_configurationInlineOrInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dagferry.yaml")
	require.NoError(t, os.WriteFile(path, []byte(whole), 0o600))
	env := func(vars map[string]string) config.Env {
		return config.Env{Lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
	}
	for _, vars := range []map[string]string{{"DAGFERRY_CONFIG": whole}, {"DAGFERRY_CONFIG_FILE": path}} {
		c, err := env(vars).Function()
		require.NoError(t, err)
		assert.Equal(t, "prod", c.Targets[0].Name)
	}
	_, err := env(nil).Function()
	require.ErrorContains(t, err, "DAGFERRY_CONFIG")
	_, err = env(map[string]string{"DAGFERRY_CONFIG": whole, "DAGFERRY_CONFIG_FILE": path}).Function()
	require.ErrorContains(t, err, "both set")
}

func TestFind_looksInTheCheckout(t *testing.T) {
	root := t.TempDir()
	below := filepath.Join(root, "a", "b")
	require.NoError(t, os.MkdirAll(below, 0o755))
	_, err := config.Find(below)
	require.ErrorContains(t, err, "--config")
	require.NoError(t, os.WriteFile(filepath.Join(root, "dagferry.yaml"), nil, 0o600))
	_, err = config.Find(below)
	require.Error(t, err, "what lies above a checkout may be somebody else's")
	require.NoError(t, os.Mkdir(filepath.Join(root, ".git"), 0o755))
	got, err := config.Find(below)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(root, "dagferry.yaml"), got)
}
