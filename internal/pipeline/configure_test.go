package pipeline_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/syncer"
)

const oneVariable = `
deployment:
  environment_variables:
    - {key: REGION, value: eu, is_secret: false}
    - {key: DSN, value: "env://DSN", is_secret: true}
`

// variables are the Deployment's, by key; the values of secrets Astro does not tell.
func (w *world) variables() []string {
	s, err := w.client.Settings(w.Context(), deployment)
	require.NoError(w, err)
	var keys []string
	for _, v := range s.EnvironmentVariables {
		keys = append(keys, v.Key)
	}
	return keys
}

func TestDeploy_configurationGoesFirst(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, os.Remove(filepath.Join(w.dir, "Dockerfile")))
	w.write("deployments/prod.yaml", oneVariable)
	w.commit()
	d := w.deployer()
	_, err := w.carryOut(d)
	require.ErrorContains(t, err, "DSN", "the secret cannot be read")
	assert.Empty(t, w.variables())
	assert.Empty(t, w.sim.Deploys(deployment))

	w.secrets["DSN"] = "postgres://secret"
	r := w.deployed()
	assert.Equal(t, []string{"DSN", "REGION"}, slices.Sorted(slices.Values(w.variables())))
	assert.Equal(t, "2 added, 1 secret set", step(r, "configuration").What)

	w.write("deployments/prod.yaml", "deployment: {environment_variables: []}")
	w.change("dags/etl.py")
	r, err = w.carryOut(w.deployer())
	require.ErrorContains(t, err, "--allow-removals")
	assert.Equal(t, syncer.Rejected, r.Outcome)
	assert.Equal(t, pipeline.Broke, step(r, "check").Outcome, "before anything is built")
	assert.Len(t, w.sim.Deploys(deployment), 1)
	assert.Len(t, w.variables(), 2)

	d = w.deployer()
	d.AllowRemovals = true
	_, err = w.carryOut(d)
	require.NoError(t, err)
	assert.Empty(t, w.variables())
}

func TestDeploy_configurationAlone(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, os.Remove(filepath.Join(w.dir, "Dockerfile")))
	w.commit()
	w.deployed()
	w.write("deployments/prod.yaml", "deployment: {configuration: {description: nightly}}")
	w.commit()
	r, err := w.carryOut(w.deployer())
	require.NoError(t, err)
	assert.Equal(t, pipeline.Configured, r.Outcome)
	assert.Len(t, r.Configuration, 1)
	assert.Len(t, w.sim.Deploys(deployment), 1)
}
