package deployment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/deployment"
	"github.com/dagferry/dagferry/internal/fault"
)

func TestApply_removesOnlyWhatMayBeRemoved(t *testing.T) {
	w := dev(t)
	before := w.live()
	d := w.diff("deployment: {configuration: {description: new}, environment_variables: [], alert_emails: [a@example.com], worker_queues: [{name: default}], hibernation_schedules: []}")
	_, err := d.Apply(t.Context(), w.options())
	require.ErrorContains(t, err, "prod.yaml does not have what the Deployment cltest has: environment_variables API_KEY; environment_variables STAGE; worker_queues heavy; alert_emails b@example.com; hibernation_schedules sleep")
	require.ErrorContains(t, err, "--allow-removals")
	assert.Equal(t, fault.Rejected, fault.Of(err))
	assert.Equal(t, before, w.live(), "nothing was applied, not even the description")

	o := w.options()
	o.AllowRemovals = true
	left, err := d.Apply(t.Context(), o)
	require.NoError(t, err)
	assert.Empty(t, left.Changes)
	assert.Len(t, w.live().WorkerQueues, 1)
}

func TestApply_setsSecretsFromTheirReferences(t *testing.T) {
	w := dev(t)
	w.vars["API_KEY"] = "rotated"
	d := w.diff("deployment: {environment_variables: [{key: STAGE, value: prod}, {key: API_KEY, is_secret: true, value: env://API_KEY}]}")
	assert.True(t, d.Empty())
	_, err := d.Apply(t.Context(), w.options())
	require.NoError(t, err)
	assert.Equal(t, "rotated", w.sim.Variables(id)["API_KEY"], "although there is no difference to be seen")

	d = w.diff("deployment: {environment_variables: [{key: STAGE, value: other}, {key: API_KEY, is_secret: true, value: env://NONE}]}")
	_, err = d.Apply(t.Context(), w.options())
	require.ErrorContains(t, err, "API_KEY: read the secret env://NONE: the environment variable NONE is not set")
	assert.Equal(t, map[string]string{"STAGE": "prod", "API_KEY": "rotated"}, w.sim.Variables(id))
}

func TestApply_noticesWhatChangedMeanwhile(t *testing.T) {
	const rotate = "deployment: {environment_variables: [{key: STAGE, value: prod}, {key: API_KEY, is_secret: true, value: env://API_KEY}]}"
	for name, meanwhile := range map[string]string{
		"a setting": "deployment: {configuration: {description: somebody else's}}",
		"a queue":   "deployment: {worker_queues: [{name: default, max_worker_count: 3}, {name: heavy}]}",
		"a secret":  rotate,
	} {
		t.Run(name, func(t *testing.T) {
			w := dev(t)
			d := w.diff("deployment: {configuration: {scheduler_size: LARGE}}")
			w.vars["API_KEY"] = "somebody else's"
			w.apply(meanwhile)
			before := w.live()
			_, err := d.Apply(t.Context(), w.options())
			require.ErrorContains(t, err, "somebody changed the configuration of the Deployment cltest meanwhile")
			assert.Equal(t, fault.Busy, fault.Of(err))
			assert.Equal(t, before, w.live())
		})
	}
}

func TestApply_aDeployMeanwhileIsNoChange(t *testing.T) {
	w := dev(t)
	d := w.diff("deployment: {configuration: {scheduler_size: LARGE}}")
	w.sim.Deploy(id, "by hand", nil)
	_, err := d.Apply(t.Context(), w.options())
	require.NoError(t, err)
}

func TestApply_failures(t *testing.T) {
	w := dev(t)
	text := "deployment: {configuration: {scheduler_size: LARGE}}"
	w.sim.Fault(astrotest.Fault{Op: "update", Status: 503, Count: 1})
	_, err := w.diff(text).Apply(t.Context(), w.options())
	require.ErrorContains(t, err, "Whether the update was applied is not known: look with dagferry config diff")
	assert.Equal(t, fault.Transient, fault.Of(err))

	w.client = w.as(astrotest.TokenOptions{ReadOnly: true})
	_, err = w.diff(text).Apply(t.Context(), w.options())
	require.ErrorContains(t, err, "update Deployment cltest: the token may not do this (403)")
	assert.NotContains(t, err.Error(), "not known")
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.Equal(t, "SMALL", w.live().SchedulerSize)
}

func TestApply_withoutAnythingToDoSendsNothing(t *testing.T) {
	w := start(t)
	left, err := w.diff("deployment: {configuration: {name: cltest}}").Apply(t.Context(), deployment.Options{})
	require.NoError(t, err)
	assert.True(t, left.Empty())
	assert.Zero(t, w.client.Requests()["update"])
	assert.Equal(t, 1, w.client.Requests()["deployment"])
}
