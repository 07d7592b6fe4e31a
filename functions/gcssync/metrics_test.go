package gcssync

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/syncer"
)

// told reads the metrics in a log, as log-based metrics do: of the lines with Runs=1, the numbers by name and target.
func told(t *testing.T, log string) map[string][]float64 {
	t.Helper()
	values := map[string][]float64{}
	for text := range strings.Lines(log) {
		var fields map[string]any
		if json.Unmarshal([]byte(text), &fields) != nil || fields["Runs"] != 1.0 {
			continue
		}
		target, ok := fields["Target"].(string)
		require.True(t, ok, text)
		outcome, ok := fields["Outcome"].(string)
		require.True(t, ok, text)
		values["Runs "+target+" "+outcome] = append(values["Runs "+target+" "+outcome], 1)
		for name, value := range fields {
			if number, is := value.(float64); is && name != "Runs" {
				values[name+" "+target] = append(values[name+" "+target], number)
			}
		}
	}
	return values
}

func TestMetrics_fields(t *testing.T) {
	lag, days := 12.5, 0
	var log bytes.Buffer
	m := metrics{&log}
	m.ended(syncer.Record{Target: "prod", Run: "1", Outcome: syncer.Deployed, Seconds: 9.5, Files: 3, Bytes: 1000, LagSeconds: &lag, TokenDaysLeft: &days, Requests: map[string]map[string]int{"sources": {"get": 2, "list": 1}, "state": {"put": 4}, "astro": {"create": 1}}})
	m.ended(syncer.Record{Target: "prod", Run: "2", Outcome: syncer.Failed, Seconds: 1, Files: 3, Bytes: 1000})
	assert.Equal(t, map[string][]float64{
		"Runs prod deployed": {1}, "Runs prod failed": {1}, "DeploySeconds prod": {9.5}, "Files prod": {3}, "Bytes prod": {1000},
		"Requests prod": {7, 0}, "LagSeconds prod": {12.5}, "TokenDaysLeft prod": {0},
	}, told(t, log.String()), "what a run did not deploy has no size, and the last day is told")
	var line map[string]any
	require.NoError(t, json.Unmarshal(bytes.SplitAfter(log.Bytes(), []byte("\n"))[0], &line))
	assert.Equal(t, "INFO", line["severity"], "as Cloud Logging reads it")
	assert.Equal(t, "run ended", line["message"])
}

// The built function's log has them.
func TestMetrics_built(t *testing.T) {
	s := newStage(t, astrotest.Options{})
	s.upload("a.py", "import airflow\n")
	require.Equal(t, http.StatusNoContent, s.post(s.changed("a.py")))
	require.Equal(t, http.StatusNoContent, s.post(s.changed("a.py")))
	s.upload("b.py", "import airflow.dag\n\ndef broken(:\n")
	require.Equal(t, http.StatusNoContent, s.post(s.changed("b.py")))
	s.until("three runs are told", func() bool { return strings.Count(s.log.String(), `"Runs":1`) == 3 })
	got := told(t, s.log.String())
	assert.Equal(t, []float64{1}, got["Runs prod deployed"])
	assert.Equal(t, []float64{1}, got["Runs prod unchanged"])
	assert.Equal(t, []float64{1}, got["Runs prod rejected"])
	assert.Equal(t, []float64{1}, got["Files prod"])
	assert.Len(t, got["Bytes prod"], 1)
	assert.Len(t, got["DeploySeconds prod"], 1)
	require.Len(t, got["LagSeconds prod"], 1)
	assert.InDelta(t, 30, got["LagSeconds prod"][0], 30)
	assert.Equal(t, []float64{89, 89, 89}, got["TokenDaysLeft prod"])
}
