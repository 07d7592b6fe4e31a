package pipeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/pipeline"
)

func TestDeploy_waitsUntilItHasArrived(t *testing.T) {
	w := withoutImage(t)
	w.sim = astrotest.Start(t, astrotest.Options{NoRateLimit: true, ArriveAfter: 3 * time.Second})
	w.connect()
	d := w.deployer()
	r, err := w.carryOut(d)
	require.NoError(t, err)
	assert.True(t, r.Arrived)
	assert.GreaterOrEqual(t, step(r, "arrival").Seconds, 1.0)

	w.change("dags/etl.py")
	d.Wait = time.Millisecond
	r, err = w.carryOut(d)
	require.ErrorContains(t, err, "has not arrived")
	assert.Equal(t, fault.Transient, fault.Of(err))
	assert.NotNil(t, r.Run.Deploy, "it is made all the same")

	w.change("dags/etl.py")
	d.Wait = 0
	r, err = w.carryOut(d)
	require.NoError(t, err)
	assert.False(t, r.Arrived)
	assert.Equal(t, pipeline.Skipped, step(r, "arrival").Outcome)
}

func TestDeploy_anotherOneTakesItsPlace(t *testing.T) {
	w := withoutImage(t)
	d := w.deployer()
	d.Progress = func(doing string) {
		if doing == "arrival" {
			w.deploy(astro.TypeDagOnly, "")
		}
	}
	r, err := w.carryOut(d)
	require.NoError(t, err)
	assert.False(t, r.Arrived)
	assert.Contains(t, step(r, "arrival").What, "other DAGs since")
}
