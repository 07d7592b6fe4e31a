package astrotest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

func TestHibernation(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	u := start(t, astrotest.Options{Now: func() time.Time { return now }})
	status := func() any { return u.api("GET", "/deployments/d", "").json(t)["status"] }
	require.Equal(t, 200, u.api("POST", "/deployments/d/hibernation-override", `{"isHibernating":true,"overrideUntil":"2026-03-01T13:00:00Z"}`).status)
	assert.Equal(t, "HIBERNATING", status())
	now = now.Add(2 * time.Hour)
	assert.Equal(t, "HEALTHY", status())
	require.Equal(t, 200, u.api("POST", "/deployments/d/hibernation-override", `{"isHibernating":true}`).status)
	assert.Equal(t, "HIBERNATING", status())
	require.Equal(t, 204, u.api("DELETE", "/deployments/d/hibernation-override", "").status)
	assert.Equal(t, "HEALTHY", status())
}

func TestAccount_lists(t *testing.T) {
	o := unlimited()
	o.StrictDeployments = []string{"a", "b", "c"}
	u := start(t, o)
	ids := func(query string) []string {
		found := []string{}
		for _, d := range u.api("GET", "/deployments"+query, "").json(t)["deployments"].([]any) {
			found = append(found, d.(map[string]any)["id"].(string))
		}
		return found
	}
	assert.Equal(t, []string{"a", "b", "c"}, ids(""))
	assert.Equal(t, []string{"b"}, ids("?limit=1&offset=1"))
	assert.Equal(t, []string{"a", "c"}, ids("?deploymentIds=a,c"))
	assert.Equal(t, []string{"a", "c"}, ids("?deploymentIds=a&deploymentIds=c"))
	assert.Equal(t, []string{"b"}, ids("?names=b"))
	assert.Empty(t, ids("?workspaceIds=other"))
	assert.Len(t, u.api("GET", "/workspaces", "").json(t)["workspaces"], 1)

	a := u.send("GET", u.s.URL()+"/organizations", "", "Authorization", "Bearer "+u.token)
	assert.Len(t, a.json(t)["organizations"], 1)
	assert.Len(t, u.api("GET", "/deployment-options", "").json(t)["runtimeReleases"], 5)
}

func TestEnvironmentObjects(t *testing.T) {
	u := start(t, unlimited())
	assertProblem(t, 400, u.api("POST", "/environment-objects", `{"objectKey":"k"}`))
	a := u.api("POST", "/environment-objects", `{"objectKey":"k","objectType":"CONNECTION","scope":"DEPLOYMENT","scopeEntityId":"d"}`)
	require.Equal(t, 200, a.status)
	id := a.json(t)["id"].(string)
	assert.Len(t, u.api("GET", "/environment-objects?objectType=CONNECTION", "").json(t)["environmentObjects"], 1)
	assert.Empty(t, u.api("GET", "/environment-objects?objectType=AIRFLOW_VARIABLE", "").json(t)["environmentObjects"])
	require.Equal(t, 204, u.api("DELETE", "/environment-objects/"+id, "").status)
	assertProblem(t, 404, u.api("DELETE", "/environment-objects/"+id, ""))
}
