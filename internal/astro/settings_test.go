package astro_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

func TestUpdate_ofWhatIsThereChangesNothing(t *testing.T) {
	s, c := start(t)
	s.Update(deployment, astrotest.Settings{IsDevelopmentMode: new(true)})
	before, err := c.Settings(t.Context(), deployment)
	require.NoError(t, err)
	u := before.Update()
	u.Description, u.ContactEmails, u.WorkloadIdentity = "d", []string{"b@example.com", "a@example.com"}, "arn:aws:iam::123456789012:role/ours"
	u.EnvironmentVariables = []astro.VariableUpdate{{Key: "S", IsSecret: true, Secret: secret.NewValue("hunter2")}, {Key: "A", Value: ""}}
	u.WorkerQueues = append(u.WorkerQueues, astro.WorkerQueue{Name: "heavy", AstroMachine: "A20", MaxWorkerCount: 5, WorkerConcurrency: 10, PodEphemeralStorage: "10Gi"})
	u.ScalingSpec = &astro.ScalingSpec{HibernationSpec: &astro.HibernationSpec{
		Override:  &astro.HibernationOverride{IsHibernating: new(true)},
		Schedules: []astro.HibernationSchedule{{HibernateAtCron: "0 20 * * *", WakeAtCron: "0 7 * * *", IsEnabled: true, Description: "nights"}},
	}}
	u.RemoteExecution = &astro.RemoteExecution{AllowedIPAddressRanges: []string{"10.0.0.0/8"}, TaskLogBucket: "s3://logs"}
	first, err := c.UpdateDeployment(t.Context(), deployment, u)
	require.NoError(t, err)
	assert.Equal(t, []string{"a@example.com", "b@example.com"}, first.ContactEmails)
	assert.Equal(t, "A", first.EnvironmentVariables[0].Key)
	assert.Empty(t, first.EnvironmentVariables[1].Value)
	assert.Equal(t, u.WorkloadIdentity, first.EffectiveWorkloadIdentity)

	second, err := c.UpdateDeployment(t.Context(), deployment, first.Update())
	require.NoError(t, err)
	second.UpdatedAt = first.UpdatedAt
	assert.Equal(t, first, second)
	assert.Equal(t, map[string]string{"S": "hunter2", "A": ""}, s.Variables(deployment))
	assert.Len(t, second.WorkerQueues, 2)
	assert.Len(t, second.Schedules(), 1)
}

func TestUpdate_leavesOutWhatHasEndedOrDoesNotApply(t *testing.T) {
	spec := func(active *bool) *astro.ScalingSpec {
		return &astro.ScalingSpec{HibernationSpec: &astro.HibernationSpec{Override: &astro.HibernationOverride{IsActive: active, IsHibernating: new(true)}}}
	}
	override := func(s astro.Settings) *astro.HibernationOverride {
		return s.Update().ScalingSpec.HibernationSpec.Override
	}
	dev := astro.Settings{Deployment: astro.Deployment{IsDevelopmentMode: true}}
	dev.ScalingSpec = spec(new(true))
	assert.Equal(t, &astro.HibernationOverride{IsHibernating: new(true)}, override(dev))
	dev.ScalingSpec = spec(new(false))
	assert.Nil(t, override(dev))
	dev.IsDevelopmentMode = false
	assert.Nil(t, dev.Update().ScalingSpec)

	queues := astro.Settings{WorkerQueues: []astro.WorkerQueue{{Name: "default"}}}
	assert.Len(t, queues.Update().WorkerQueues, 1)
	queues.Executor = astro.ExecutorKubernetes
	assert.Empty(t, queues.Update().WorkerQueues)
}

func TestSettings_secretsHaveNoValueWhateverStandsForIt(t *testing.T) {
	c := answering(t, 200, `{"id":"cltest","environmentVariables":[{"key":"S","isSecret":true,"value":"****"},{"key":"A","value":"a"}]}`)
	s, err := c.Settings(t.Context(), deployment)
	require.NoError(t, err)
	assert.Equal(t, []astro.Variable{{Key: "A", Value: "a"}, {Key: "S", IsSecret: true}}, s.EnvironmentVariables)
}

func TestUpdateDeployment_isSentOnce(t *testing.T) {
	s, c := start(t)
	live, err := c.Settings(t.Context(), deployment)
	require.NoError(t, err)
	s.Fault(astrotest.Fault{Op: "update", Status: 503, Count: 1})
	_, err = c.UpdateDeployment(t.Context(), deployment, live.Update())
	require.ErrorContains(t, err, "update Deployment cltest: Astro failed (503)")
	assert.False(t, astro.NotApplied(err))
	assert.Equal(t, 1, c.Requests()["update"])
}

func TestUpdateDeployment_refusedValueIsTheAuthors(t *testing.T) {
	_, c := start(t)
	live, err := c.Settings(t.Context(), deployment)
	require.NoError(t, err)
	u := live.Update()
	u.SchedulerSize = "HUGE"
	_, err = c.UpdateDeployment(t.Context(), deployment, u)
	require.ErrorContains(t, err, `schedulerSize "HUGE"`)
	assert.Equal(t, fault.Rejected, fault.Of(err))
}

func TestUpdateDeployment_secretsThatAreQuotedAreRedacted(t *testing.T) {
	c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("what is " + string(body)))
	})
	for _, value := range []string{"hunter2", "hunter2\"quoted\"\nand more", "<hunter2>"} {
		u := astro.Update{EnvironmentVariables: []astro.VariableUpdate{{Key: "S", IsSecret: true, Secret: secret.NewValue(value)}}}
		_, err := c.UpdateDeployment(t.Context(), deployment, u)
		require.ErrorContains(t, err, "[redacted]")
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestForbidden_toAPersonSaysWhichTokenToMake(t *testing.T) {
	s, _ := start(t)
	s.Update(deployment, astrotest.Settings{IsCicdEnforced: new(true)})
	c := client(t, astro.Options{URL: s.URL(), Token: secret.NewValue(s.Token(astrotest.TokenOptions{User: true}))})
	_, err := c.Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeDagOnly})
	require.ErrorContains(t, err, "The token is a person's")
	require.ErrorContains(t, err, astro.MakeToken)
}
