package target_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/target"
)

func TestTouched_bucketsOfOneNameInTwoClouds(t *testing.T) {
	c := config.Config{Targets: []config.Target{
		{Name: "aws", Sources: []config.Source{{URL: "s3://acme/dags/"}}},
		{Name: "google", Sources: []config.Source{{URL: "gs://acme/dags/"}}},
		{Name: "both", Sources: []config.Source{{URL: "s3://acme/dags/"}, {URL: "gs://acme/dags/"}}},
	}}
	change := event.Change{Bucket: "acme", Key: "dags/x.py"}
	for scheme, want := range map[string][]string{"s3": {"aws", "both"}, "gs": {"google", "both"}, "": nil} {
		change.Scheme = scheme
		got, err := target.Touched(c, event.Message{Changes: []event.Change{change, change}})
		require.NoError(t, err)
		assert.Equal(t, want, got, scheme)
	}
	got, err := target.Touched(c, event.Message{Sweep: "google"})
	require.NoError(t, err)
	assert.Equal(t, []string{"google"}, got)
	_, err = target.Touched(c, event.Message{Sweep: "nobody"})
	assert.Equal(t, fault.Denied, fault.Of(err))
}
