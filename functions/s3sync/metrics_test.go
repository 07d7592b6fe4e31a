package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// line is one of the embedded metric format.
type line struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []directive
	} `json:"_aws"`
}

// told reads the metrics in a log, by name and dimensions, as CloudWatch does: what a directive names must be there.
func told(t *testing.T, log string) map[string][]float64 {
	t.Helper()
	values := map[string][]float64{}
	for text := range strings.Lines(log) {
		var l line
		var fields map[string]any
		if json.Unmarshal([]byte(text), &l) != nil || l.AWS.Timestamp == 0 {
			continue
		}
		require.NoError(t, json.Unmarshal([]byte(text), &fields))
		for _, d := range l.AWS.CloudWatchMetrics {
			require.Equal(t, "dagferry", d.Namespace)
			for _, m := range d.Metrics {
				value, ok := fields[m.Name].(float64)
				require.True(t, ok, "%s in %s", m.Name, text)
				key := []string{m.Name, m.Unit}
				for _, name := range d.Dimensions[0] {
					at, ok := fields[name].(string)
					require.True(t, ok, "%s in %s", name, text)
					key = append(key, at)
				}
				values[strings.Join(key, " ")] = append(values[strings.Join(key, " ")], value)
			}
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	s := newStage(t)
	s.upload("a.py", "import airflow\n")
	require.Empty(t, s.invoke(s.changed("a.py")).BatchItemFailures)
	require.Empty(t, s.invoke(s.changed("a.py")).BatchItemFailures)
	s.upload("b.py", "import airflow.dag\n\ndef broken(:\n")
	require.Empty(t, s.invoke(s.changed("b.py")).BatchItemFailures)
	got := told(t, s.logged())
	assert.Equal(t, []float64{1}, got["Runs Count prod deployed"])
	assert.Equal(t, []float64{1}, got["Runs Count prod unchanged"])
	assert.Equal(t, []float64{1}, got["Runs Count prod rejected"])
	assert.Equal(t, []float64{1}, got["Files Count prod"])
	assert.Len(t, got["Bytes Bytes prod"], 1)
	assert.Len(t, got["DeploySeconds Seconds prod"], 1)
	requests := got["Requests Count prod"]
	require.Len(t, requests, 3, "of all runs, to the object store")
	assert.Equal(t, []float64{8, 2, 7}, []float64{min(requests[0], 8), requests[1], min(requests[2], 7)}, "settling may take a listing more")
	require.Len(t, got["LagSeconds Seconds prod"], 1)
	assert.InDelta(t, 30, got["LagSeconds Seconds prod"][0], 30)
	assert.Equal(t, []float64{89, 89, 89}, got["TokenDaysLeft Count prod"])
}
