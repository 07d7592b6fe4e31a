package deployment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/deployment"
	"github.com/dagferry/dagferry/internal/fault"
)

// dev is a world whose Deployment is in development mode, and has what the whole file says.
func dev(t *testing.T) world {
	t.Helper()
	w := start(t)
	w.vars["API_KEY"] = "hunter2"
	w.sim.Update(id, astrotest.Settings{IsDevelopmentMode: new(true)})
	w.apply(whole)
	return w
}

func TestCompare_tellsAllThatIsAddedChangedAndRemoved(t *testing.T) {
	w := dev(t)
	assert.Empty(t, w.diff(whole).Changes)
	d := w.diff(`deployment:
  configuration: {description: the second, ci_cd_enforcement: false, executor: CELERY, scheduler_size: medium}
  environment_variables:
    - {key: LEVEL, value: "5"}
    - {key: STAGE, value: dev}
  worker_queues:
    - {name: default, max_worker_count: 20, worker_type: A10}
    - {name: light, worker_type: A5, max_worker_count: 2, min_worker_count: 0, worker_concurrency: 1}
  alert_emails: [a@example.com, c@example.com]
  hibernation_schedules:
    - {hibernate_at: 0 20 * * 1-5, wake_at: 0 7 * * 1-5, description: nights}
    - {hibernate_at: 0 20 * * 6, wake_at: 0 7 * * 1}
`)
	assert.Equal(t, []string{
		"changed configuration description", "changed configuration scheduler_size", "changed configuration ci_cd_enforcement",
		"added environment_variables LEVEL", "changed environment_variables STAGE", "removed environment_variables API_KEY",
		"changed worker_queues default.worker_type", "changed worker_queues default.max_worker_count", "added worker_queues light", "removed worker_queues heavy",
		"added alert_emails c@example.com", "removed alert_emails b@example.com",
		"changed hibernation_schedules sleep 0 20 * * 1-5, wake 0 7 * * 1-5.enabled", "added hibernation_schedules sleep 0 20 * * 6, wake 0 7 * * 1",
	}, said(d))
	assert.Equal(t, deployment.Change{Kind: deployment.Changed, Section: "environment_variables", Name: "STAGE", From: "prod", To: "dev"}, d.Changes[4])
	assert.Len(t, d.Removals(), 3)
}

func TestCompare_ofAnAbsentSectionLeavesItAlone(t *testing.T) {
	w := dev(t)
	before := w.live()
	for _, text := range []string{"deployment: {}", "deployment: {configuration: {description: the first}, environment_variables: , worker_queues: }"} {
		d := w.diff(text)
		assert.Empty(t, d.Changes, text)
		assert.False(t, d.ToDo())
	}
	w.apply("deployment: {configuration: {description: another}}")
	after := w.live()
	assert.Equal(t, "another", after.Description)
	after.Description, after.UpdatedAt = before.Description, before.UpdatedAt
	assert.Equal(t, before, after, "nothing else changed")
	assert.Equal(t, map[string]string{"STAGE": "prod", "API_KEY": "hunter2"}, w.sim.Variables(id))
}

func TestCompare_ofAnEmptyListWantsNothingThere(t *testing.T) {
	w := dev(t)
	d := w.diff("deployment: {environment_variables: [], alert_emails: [], hibernation_schedules: []}")
	assert.Len(t, d.Removals(), 5)
	w.apply("deployment: {environment_variables: [], alert_emails: [], hibernation_schedules: []}")
	live := w.live()
	assert.Empty(t, live.EnvironmentVariables)
	assert.Empty(t, live.ContactEmails)
	assert.Empty(t, live.Schedules())
	_, err := deployment.Compare(t.Context(), w.client, id, w.file("deployment: {worker_queues: []}"))
	require.ErrorContains(t, err, "there must be a queue with the name default")
}

func TestCompare_secretsAreNeverShown(t *testing.T) {
	w := dev(t)
	const from = "deployment: {environment_variables: [{key: STAGE, value: prod}, {key: API_KEY, is_secret: true, value: env://OTHER}]}"
	d := w.diff(from)
	assert.Empty(t, d.Changes, "what Astro has cannot be compared")
	assert.Equal(t, []deployment.Secret{{Key: "API_KEY", Reference: "env://OTHER"}}, d.Secrets)
	assert.True(t, d.ToDo())

	// A value that becomes a secret is one that somebody wants to hide.
	d = w.diff("deployment: {environment_variables: [{key: STAGE, is_secret: true, value: env://STAGE}, {key: API_KEY, value: public}]}")
	assert.Equal(t, []string{"changed environment_variables API_KEY", "changed environment_variables STAGE"}, said(d))
	assert.Equal(t, []any{nil, "public", "was a secret"}, []any{d.Changes[0].From, d.Changes[0].To, d.Changes[0].Note})
	assert.Equal(t, []any{nil, nil, "becomes a secret"}, []any{d.Changes[1].From, d.Changes[1].To, d.Changes[1].Note})

	for key, why := range map[string]string{"NEW": "a new one", "STAGE": "one that was none"} {
		_, err := deployment.Compare(t.Context(), w.client, id, w.file("deployment: {environment_variables: [{key: "+key+", is_secret: true}]}"))
		require.ErrorContains(t, err, "the secret "+key+" has no value, and Astro has none to keep", why)
		assert.Equal(t, fault.Rejected, fault.Of(err))
	}
}

func TestCompare_notesWhatIsNotSent(t *testing.T) {
	w := start(t)
	d := w.diff(`deployment:
  configuration: {runtime_version: 3.3-8, deployment_type: HOSTED_SHARED, region: eu-north-1, cluster_name: us-east-1, scheduler_count: 2, scheduler_au: 10}
  environment_variables: [{key: X, value: "env://X"}]
  metadata: {status: HEALTHY, updated_at: 2026-07-21T08:40:02.531Z}
`)
	require.Len(t, d.Notes, 3)
	assert.Contains(t, d.Notes[0], "runtime_version is 3.3-8 in the file and 3.1-12 at Astro")
	assert.Contains(t, d.Notes[1], "region is eu-north-1 in the file and us-east-1 at Astro")
	assert.Contains(t, d.Notes[2], "X has the text env://X: references are followed only where is_secret is true")
	assert.Equal(t, []string{"added environment_variables X"}, said(d))
}

func TestCompare_aChangeOfTheExecutorTakesTheQueuesAlong(t *testing.T) {
	w := dev(t)
	d := w.diff("deployment: {configuration: {executor: KUBERNETES}}")
	assert.Equal(t, []string{"changed configuration executor", "removed worker_queues default", "removed worker_queues heavy"}, said(d))
	w.apply("deployment: {configuration: {executor: KUBERNETES}}")
	assert.Empty(t, w.live().WorkerQueues)
	assert.Empty(t, w.diff("deployment: {configuration: {executor: KUBERNETES}}").Changes)

	refused := func(text, why string) {
		_, err := deployment.Compare(t.Context(), w.client, id, w.file(text))
		require.ErrorContains(t, err, why)
	}
	refused("deployment: {configuration: {executor: CELERY}}", "the executor CELERY needs them")
	refused("deployment: {worker_queues: [{name: default}]}", "the executor is KUBERNETES, which has none")
	refused("deployment: {configuration: {executor: CELERY}, worker_queues: [{name: default, worker_type: A5}]}", "default is a new queue, and needs max_worker_count, min_worker_count, worker_concurrency")
	w.apply("deployment: {configuration: {executor: CELERY}, worker_queues: [{name: default, worker_type: A5, max_worker_count: 5, min_worker_count: 0, worker_concurrency: 5}]}")
	assert.Len(t, w.live().WorkerQueues, 1)
}

func TestCompare_hibernationIsForDevelopmentMode(t *testing.T) {
	w := dev(t)
	d := w.diff("deployment: {configuration: {is_development_mode: false}}")
	assert.Equal(t, []string{"changed configuration is_development_mode", "removed hibernation_schedules sleep 0 20 * * 1-5, wake 0 7 * * 1-5"}, said(d))
	w.apply("deployment: {configuration: {is_development_mode: false}}")
	for text, why := range map[string]string{
		"deployment: {configuration: {is_development_mode: true}}":                              "cannot be switched on",
		"deployment: {hibernation_schedules: [{hibernate_at: 0 20 * * *, wake_at: 0 7 * * *}]}": "only a Deployment in development mode hibernates",
	} {
		_, err := deployment.Compare(t.Context(), w.client, id, w.file(text))
		require.ErrorContains(t, err, why)
	}
}

func TestCompare_anOverrideOfTheSchedulesStays(t *testing.T) {
	w := dev(t)
	update := w.live().Update()
	update.ScalingSpec.HibernationSpec.Override = &astro.HibernationOverride{IsHibernating: new(true)}
	_, err := w.client.UpdateDeployment(t.Context(), id, update)
	require.NoError(t, err)
	w.apply("deployment: {hibernation_schedules: [{hibernate_at: 0 22 * * *, wake_at: 0 6 * * *, enabled: true}]}")
	spec := w.live().ScalingSpec.HibernationSpec
	assert.Equal(t, &astro.HibernationOverride{IsHibernating: new(true)}, spec.Override)
	assert.Equal(t, "0 22 * * *", spec.Schedules[0].HibernateAtCron)
}

func TestCompare_remoteExecutionAndWorkloadIdentity(t *testing.T) {
	w := start(t)
	text := `deployment: {configuration: {workload_identity: "arn:aws:iam::123456789012:role/ours", remote_execution: {enabled: true, allowed_ip_address_ranges: [10.0.0.0/8]}}}`
	assert.Equal(t, []string{"changed configuration workload_identity", "changed configuration remote_execution"}, said(w.diff(text)))
	w.apply(text)
	w.apply("deployment: {configuration: {description: x}}")
	assert.Empty(t, w.diff(text).Changes)
	assert.Equal(t, &astro.RemoteExecution{Enabled: true, AllowedIPAddressRanges: []string{"10.0.0.0/8"}}, w.live().RemoteExecution)
	w.apply(`deployment: {configuration: {remote_execution: {enabled: true, task_log_bucket: "s3://logs"}}}`)
	assert.Equal(t, []string{"10.0.0.0/8"}, w.live().RemoteExecution.AllowedIPAddressRanges, "what is left out stays")
}

func TestCompare_refusesHybrid(t *testing.T) {
	w := start(t)
	w.sim.Update(id, astrotest.Settings{Type: new("HYBRID")})
	_, err := deployment.Compare(t.Context(), w.client, id, w.file("deployment: {}"))
	require.ErrorContains(t, err, "Hybrid")
	assert.Equal(t, fault.Denied, fault.Of(err))
}

func TestID_comesFromOnePlaceOrSeveralThatAgree(t *testing.T) {
	for _, tc := range []struct{ file, target, asked, want, says string }{
		{"", "clx1", "", "clx1", ""},
		{"clx1", "", "", "clx1", ""},
		{"", "", "clx1", "clx1", ""},
		{"clx1", "clx1", "clx1", "clx1", ""},
		{"clx2", "clx1", "", "", "the target's deployment: is clx1, and prod.yaml's metadata.deployment_id is clx2"},
		{"", "clx1", "clx2", "", "--deployment is clx2, and the target's deployment: is clx1"},
		{"", "", "", "", "nothing says which Deployment prod.yaml is for"},
	} {
		f := config.Deployment{File: "prod.yaml", Metadata: map[string]any{"deployment_id": tc.file}}
		got, err := deployment.ID(f, tc.target, tc.asked)
		assert.Equal(t, tc.want, got)
		if tc.says != "" {
			require.ErrorContains(t, err, tc.says)
		}
	}
}

func TestExport_appliedChangesNothing(t *testing.T) {
	w := dev(t)
	odd := map[string]string{
		"TRUE": "true", "NULL": "null", "TILDE": "~", "OCTAL": "010", "HEX": "0x1F", "FLOAT": "1.10", "EXP": "1e3", "DATE": "2026-01-01", "COLON": "a: b",
		"HASH": "a #b", "QUOTES": `"a" 'b'`, "LINES": "a\nb\n\n c\n", "SPACES": "  a ", "TAB": "a\tb", "EMPTY": "", "UNICODE": "ä 😀", "BACKSLASH": `a\nb`,
		"CONTROL": "a\x01b\x1b[31m", "CR": "a\r\nb", "DASH": "- a", "BRACE": "{a: b}", "ANCHOR": "&a", "ALIAS": "*a", "TAG": "!a", "PERCENT": "%a", "AT": "@a",
		"DOCUMENT": "---", "END": "...", "YES": "yes", "URL": "postgres://u:p@h/x?y=z", "UNDERSCORE": "1_000", "INF": ".inf", "NEL": "a\u0085b", "LS": "a\u2028b", "BIN": "0b1",
		"JSON": `{"a": [1, "b"]}`, "BACKTICK": "`a`", "PIPE": "|", "GREATER": ">-", "QUESTION": "? a", "COMMA": "a, b", "MERGE": "<<", "LONG": strings.Repeat("x ", 500),
	}
	update := w.live().Update()
	for key, value := range odd {
		update.EnvironmentVariables = append(update.EnvironmentVariables, astro.VariableUpdate{Key: key, Value: value})
	}
	update.Description = "two\nlines: #1"
	_, err := w.client.UpdateDeployment(t.Context(), id, update)
	require.NoError(t, err)
	before := w.live()

	text := w.export()
	assert.NotContains(t, text, "hunter2")
	assert.Contains(t, text, "# Astro does not tell the values of secrets")
	d := w.diff(text)
	assert.Empty(t, d.Changes)
	assert.Empty(t, d.Notes)
	assert.False(t, d.ToDo(), text)
	f := w.file(text)
	got, err := deployment.ID(f, "", "")
	require.NoError(t, err)
	assert.Equal(t, id, got)

	// Applied to one that has been emptied, it brings back all but the secret.
	w.apply("deployment: {configuration: {description: ''}, environment_variables: [{key: API_KEY, is_secret: true}], alert_emails: [], hibernation_schedules: [], worker_queues: [{name: default}]}")
	w.apply(text)
	after := w.live()
	for i := range after.EnvironmentVariables {
		after.EnvironmentVariables[i].UpdatedAt = before.EnvironmentVariables[i].UpdatedAt
	}
	for i := range after.WorkerQueues {
		after.WorkerQueues[i].ID = before.WorkerQueues[i].ID
	}
	after.UpdatedAt = before.UpdatedAt
	assert.Equal(t, before, after)
	assert.Equal(t, "hunter2", w.sim.Variables(id)["API_KEY"])
}
