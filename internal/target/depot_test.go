package target_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/embedded"
	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

// limited takes less than any bundle.
type limited struct{ validator.HTTP }

func (limited) Limit() int { return 100 }

// A bundle above a validator's limit goes by way of the target's state, if that is a bucket.
func TestOpener_largeBundleGoesByTheState(t *testing.T) {
	var from string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ BundleAt struct{ URL string } }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&asked))
		from = asked.BundleAt.URL
		_, _ = io.WriteString(w, `{"version": 1, "airflow": "3.1.8", "files": [{"path": "good.py", "findings": []}]}`)
	}))
	t.Cleanup(server.Close)
	store := minio.Shared(t)
	sim := astrotest.Start(t, astrotest.Options{})
	token := sim.Token(astrotest.TokenOptions{})
	checks := &target.Checks{Interpreter: embedded.Interpreter, Validators: map[string]target.Reach{
		"http": func(_ context.Context, url string) (validator.Transport, error) {
			return limited{validator.HTTP{URL: url}}, nil
		},
	}}
	t.Cleanup(func() { _ = checks.Close() })
	o := target.Opener{Checks: checks, Secrets: secret.Local(func(string) (string, bool) { return token, true }), AstroURL: sim.URL(), Buckets: map[string]target.Open{
		"s3": func(ctx context.Context, at config.Source) (bucket.Bucket, error) {
			cfg := store.Config()
			return s3.Open(ctx, at.URL, s3.Options{Config: &cfg})
		},
		"file": func(_ context.Context, at config.Source) (bucket.Bucket, error) {
			return dir.Open(strings.TrimPrefix(at.URL, "file://"), dir.Options{})
		},
	}}
	tree := fstest.MapFS{"good.py": {Data: []byte("import airflow  # a DAG")}}
	check := func(state string) parse.Report {
		opened, err := o.Target(t.Context(), configured(t, state, server.URL))
		require.NoError(t, err)
		report, err := opened.Check.Do(t.Context(), syncer.Runtime{Airflow: "3.1"}, tree)
		require.NoError(t, err)
		return report
	}

	name := store.Bucket(t)
	assert.Empty(t, check("s3://"+name+"/state/").Findings)
	assert.Contains(t, from, "/"+name+"/state/clxyz/validator/")

	report := check("file://" + t.TempDir())
	require.Len(t, report.Findings, 1)
	assert.Equal(t, parse.RuleUnavailable, report.Findings[0].Rule)
	assert.Regexp(t, "a larger one goes by way of a target's state in a bucket: the state file://.* is in none", report.Findings[0].Message)
}

// configured is a target as a configuration has it.
func configured(t *testing.T, state, validator string) config.Target {
	t.Helper()
	c, err := config.Parse("x", []byte(`
version: 1
targets:
  - name: prod
    sources: [{url: "s3://acme-dags/"}]
    deployment: clxyz
    token: env://TOKEN
    state: `+state+`
    check: {level: import, validator: "https://x.run.app"}
`))
	require.NoError(t, err)
	c.Targets[0].Check.Validator = validator // a configuration takes none without https
	return c.Targets[0]
}
