package target

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/embedded"
	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/syncer"
)

// A run's check at the level import: static findings first, and only what they left is imported, in time for the rest of the run.
func TestCheck_levelImport(t *testing.T) {
	var asked struct {
		Files       []string
		Strict      bool
		Environment map[string]string
		Budget      float64
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&asked))
		_, _ = io.WriteString(w, `{"version": 1, "airflow": "3.1.8", "files": [{"path": "good.py", "findings": [{"rule": "DF501", "line": 1, "message": "ValueError: no"}]}]}`)
	}))
	t.Cleanup(server.Close)
	checks := &Checks{Interpreter: embedded.Interpreter, Validators: map[string]Reach{
		"http": func(_ context.Context, url string) (validator.Transport, error) { return validator.HTTP{URL: url}, nil },
	}}
	t.Cleanup(func() { _ = checks.Close() })
	target := config.Target{Check: config.Check{Level: config.LevelImport, Validator: server.URL, Strict: true, Environment: []string{"A=b=c"}}}
	tree := fstest.MapFS{"good.py": {Data: []byte("import airflow  # a DAG")}, "broken.py": {Data: []byte("x = = 1  # a DAG of Airflow's")}}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	report, err := checks.forTarget(target, validator.Depot{}).do(ctx, syncer.Runtime{Airflow: "3.1"}, tree)
	require.NoError(t, err)
	require.Len(t, report.Findings, 2)
	assert.Equal(t, "broken.py", report.Findings[0].Path)
	assert.Equal(t, parse.Finding{Path: "good.py", Line: 1, Rule: parse.RuleImportError, Severity: parse.Block, Message: "ValueError: no", Source: "import airflow  # a DAG"}, report.Findings[1])
	assert.Equal(t, []string{"good.py"}, asked.Files)
	assert.True(t, asked.Strict)
	assert.Equal(t, map[string]string{"A": "b=c"}, asked.Environment)
	assert.InDelta(t, 85, asked.Budget, 15, "120 s less those for the rest of the run")

	target.Check.Validator = "arn:aws:lambda:eu-north-1:123456789012:function:x"
	_, err = checks.forTarget(target, validator.Depot{}).do(ctx, syncer.Runtime{}, tree)
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, "this program calls none at addresses that begin with arn:")
}
