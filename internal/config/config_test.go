package config_test

import (
	"os"
	"path/filepath"
	"slices"
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
	told(t, "testdata/problems.txtar", config.Parse)
}

// told compares what each of an archive's configurations is refused for with what stands below it.
func told(t *testing.T, archive string, parse func(name string, text []byte) (config.Config, error)) {
	t.Helper()
	all := files(t, archive)
	for i := 0; i < len(all); i += 2 {
		file, want := all[i], strings.Split(strings.TrimSpace(string(all[i+1].Data)), "\n")
		t.Run(file.Name, func(t *testing.T) {
			_, err := parse(file.Name, file.Data)
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

func files(t testing.TB, archive string) []txtar.File {
	t.Helper()
	parsed, err := txtar.ParseFile(archive)
	require.NoError(t, err)
	return parsed.Files
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
		Runtime: config.Runtime{Airflow: "3.1", Python: "3.12"}, Layout: bundle.LayoutRoot, Archive: "groups",
		Settle: &settle, MaxWait: &wait, Marker: "_READY", Ignore: []string{"*.bak"},
		Limits: bundle.Limits{Files: 10, FileSize: 1000}, Guard: config.Guard{MinFiles: &zero, MaxDeleted: &quarter},
		Adopt: true, Check: config.Check{Level: "syntax", OnFailure: "warn", OnUnavailable: "block", Exclude: []string{"templates/**"}},
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
	assert.Equal(t, config.Check{Level: "rules", OnFailure: "reject", OnUnavailable: "block"}, got.Check)
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

func TestParse_good(t *testing.T) {
	for _, file := range files(t, "testdata/good.txtar") {
		_, err := config.Parse(file.Name, file.Data)
		assert.NoError(t, err)
	}
}

func TestParse_severalSourcesAndHowTheyAreReached(t *testing.T) {
	var most config.Config
	for _, file := range files(t, "testdata/good.txtar") {
		if file.Name == "most.yaml" {
			var err error
			most, err = config.Parse(file.Name, file.Data)
			require.NoError(t, err)
		}
	}
	require.Len(t, most.Targets, 2)
	assert.Equal(t, []config.Source{
		{URL: "s3://acme-dags/prod/dags/"},
		{
			URL: "s3://ml-team/dags/", Mount: "ml", Region: "us-gov-west-1", RoleARN: "arn:aws-us-gov:iam::123456789012:role/teams/ml/dagferry-reader",
			ExpectedBucketOwner: "012345678901", RequesterPays: true,
		},
		{URL: "s3://acme-dags/shared/", Mount: "shared/lib"},
	}, most.Targets[0].Sources)
	assert.Equal(t, []config.Source{{URL: "s3://acme-dags/dev/dags/"}}, most.Targets[1].Sources)
}

func TestParse_problemsStandInTheOrderOfTheirLines(t *testing.T) {
	for _, file := range files(t, "testdata/problems.txtar") {
		if file.Name == "values.yaml" {
			_, err := config.Parse(file.Name, file.Data)
			problems := config.Problems(err)
			assert.Len(t, problems, len(strings.Split(err.Error(), "\n")))
			assert.True(t, slices.IsSortedFunc(problems, func(a, b config.Problem) int { return a.Line - b.Line }), "%v", err)
		}
	}
	assert.Empty(t, config.Problems(os.ErrNotExist))
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
