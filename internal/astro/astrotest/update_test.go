package astrotest_test

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

// update sends an update of what is required, with some fields replaced; nil leaves one out.
func (u user) update(fields map[string]any) answer {
	u.t.Helper()
	body := map[string]any{
		"type": "STANDARD", "workspaceId": "clsimworkspace", "name": "prod", "executor": "CELERY", "schedulerSize": "SMALL",
		"isCicdEnforced": false, "isDagDeployEnabled": true, "isHighAvailability": false, "environmentVariables": []any{},
	}
	maps.Copy(body, fields)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
	b, err := json.Marshal(body)
	require.NoError(u.t, err)
	return u.api("POST", "/deployments/d", string(b))
}

type (
	object = map[string]any
	array  = []any
)

func TestUpdate_replacesWhatItNames(t *testing.T) {
	u := start(t, unlimited())
	a := u.update(object{"description": "x", "environmentVariables": array{
		object{"key": "A", "value": "1"}, object{"key": "S", "value": "s", "isSecret": true},
	}})
	require.Equal(t, 200, a.status, string(a.body))
	d := a.json(t)
	assert.Equal(t, []any{"prod", "x", "CELERY"}, []any{d["name"], d["description"], d["executor"]})
	secret := d["environmentVariables"].([]any)[1].(object)
	assert.Equal(t, "S", secret["key"])
	assert.NotContains(t, secret, "value", "a secret is not told")

	u.update(object{"environmentVariables": array{object{"key": "S", "isSecret": true}, object{"key": "T", "isSecret": true}}})
	assert.Equal(t, map[string]string{"S": "s", "T": ""}, u.s.Variables("d"), "a secret is kept by its key")
	assert.JSONEq(t, `{"S":"s","T":""}`, string(u.sim("GET", "/variables/d", "").body))
	u.update(object{"environmentVariables": array{object{"key": "S", "isSecret": true, "value": ""}}})
	assert.Equal(t, map[string]string{"S": ""}, u.s.Variables("d"), "an empty value is one")

	d = u.update(nil).json(t)
	assert.Empty(t, d["environmentVariables"], "an empty list wipes")
	assert.Equal(t, "x", d["description"], "what is not named stays")
	assert.Equal(t, false, u.update(object{"isDagDeployEnabled": false}).json(t)["isDagDeployEnabled"])
}

func TestUpdate_deletesTheQueuesThatItLeavesOut(t *testing.T) {
	u := start(t, unlimited())
	queue := func(name, id string) object {
		return object{"id": id, "name": name, "isDefault": name == "default", "astroMachine": "A5", "maxWorkerCount": 5, "minWorkerCount": 0, "workerConcurrency": 5}
	}
	was := u.api("GET", "/deployments/d", "").json(t)["workerQueues"].([]any)[0].(object)["id"].(string)
	d := u.update(object{"workerQueues": array{queue("default", was), queue("heavy", "")}}).json(t)
	queues := d["workerQueues"].([]any)
	require.Len(t, queues, 2)
	heavy := queues[1].(object)["id"].(string)
	assert.NotEmpty(t, heavy)
	assert.Len(t, u.update(nil).json(t)["workerQueues"], 2, "what is not named stays")
	assert.Len(t, u.update(object{"workerQueues": array{queue("default", was)}}).json(t)["workerQueues"], 1)

	for why, all := range map[string]array{
		"no default":       {queue("heavy", "")},
		"twice":            {queue("default", was), queue("default", was)},
		"an id that is no": {queue("default", was), queue("heavy", heavy)},
		"a name anew":      {queue("default", "")},
		"no machine":       {queue("default", was), object{"name": "x", "maxWorkerCount": 1, "workerConcurrency": 1}},
	} {
		a := u.update(object{"workerQueues": all})
		assert.Equal(t, 400, a.status, why)
	}
	assert.Empty(t, u.update(object{"executor": "KUBERNETES"}).json(t)["workerQueues"])
}

func TestUpdate_refuses(t *testing.T) {
	u := start(t, unlimited())
	for _, name := range []string{"environmentVariables", "executor", "isCicdEnforced", "isDagDeployEnabled", "isHighAvailability", "name", "schedulerSize", "type", "workspaceId"} {
		assertProblem(t, 400, u.update(object{name: nil}))
	}
	for _, fields := range []object{
		{"runtimeVersion": "9"}, {"status": "HEALTHY"}, {"type": "DEDICATED"}, {"workspaceId": "w"}, {"executor": "Celery"}, {"schedulerSize": "small"},
		{"isDevelopmentMode": true}, {"scalingSpec": object{"hibernationSpec": object{"schedules": array{object{"hibernateAtCron": "0 20 * * *", "wakeAtCron": "0 7 * * *"}}}}},
	} {
		assertProblem(t, 400, u.update(fields))
	}
	assertProblem(t, 400, u.api("POST", "/deployments/d", `[`))
	assert.Equal(t, "d", u.api("GET", "/deployments/d", "").json(t)["name"], "nothing was applied")
}

func TestUpdate_schedulesAreReplaced(t *testing.T) {
	u := start(t, unlimited())
	u.s.Update("d", astrotest.Settings{IsDevelopmentMode: new(true)})
	schedule := func(wake string) object {
		return object{"hibernateAtCron": "0 20 * * *", "wakeAtCron": wake, "isEnabled": true}
	}
	scaling := func(all ...any) object {
		return object{"scalingSpec": object{"hibernationSpec": object{"schedules": all}}}
	}
	schedules := func(d object) array {
		return d["scalingSpec"].(object)["hibernationSpec"].(object)["schedules"].([]any)
	}
	assert.Len(t, schedules(u.update(scaling(schedule("0 7 * * *"), schedule("0 8 * * *"))).json(t)), 2)
	assert.Equal(t, array{schedule("0 9 * * *")}, schedules(u.update(scaling(schedule("0 9 * * *"))).json(t)))
	assert.Len(t, schedules(u.update(nil).json(t)), 1)
}
