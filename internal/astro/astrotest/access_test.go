package astrotest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

func TestToken_whatIsNoneIsUnauthorized(t *testing.T) {
	u := start(t, unlimited())
	for _, token := range []string{"", "x", "a.b.c", "e30.e30.e30", u.s.Token(astrotest.TokenOptions{Expires: time.Now().Add(-time.Second)})} {
		u.token = token
		assertProblem(t, 401, u.api("GET", "/deployments/d", ""))
	}
}

func TestToken_seesItsScopeOnly(t *testing.T) {
	u := start(t, unlimited())
	w := u.as(astrotest.TokenOptions{Workspace: "w1"})
	require.Equal(t, 200, w.api("GET", "/deployments/d", "").status)
	require.Equal(t, 200, u.api("GET", "/deployments/d", "").status, "a token of the organization sees all")
	assertProblem(t, 403, u.as(astrotest.TokenOptions{Workspace: "w2"}).api("GET", "/deployments/d", ""))
	require.Equal(t, 200, u.as(astrotest.TokenOptions{Deployment: "d"}).api("GET", "/deployments/d", "").status)
	assertProblem(t, 403, u.as(astrotest.TokenOptions{Deployment: "e"}).api("GET", "/deployments/d", ""))
	assertProblem(t, 403, u.as(astrotest.TokenOptions{Organization: "o2"}).api("GET", "/deployments/d", ""))

	other := u.as(astrotest.TokenOptions{Organization: "o2"})
	assertProblem(t, 404, other.send("GET", u.s.URL()+"/organizations/o2/deployments/d", "", "Authorization", "Bearer "+other.token))
	assert.Len(t, u.as(astrotest.TokenOptions{Deployment: "e"}).api("GET", "/deployments", "").json(t)["deployments"], 0)
}

func TestCicdEnforcement_refusesPeople(t *testing.T) {
	u := start(t, unlimited())
	person := u.as(astrotest.TokenOptions{User: true})
	d := person.create("DAG_ONLY")
	version := person.upload(d, tarOf(t, "dags/a.py"))
	u.s.Update("d", astrotest.Settings{IsCicdEnforced: new(true)})
	assertProblem(t, 403, person.api("POST", "/deployments/d/deploys", `{"type":"DAG_ONLY"}`))
	assertProblem(t, 403, person.finalize(d, version))
	assertProblem(t, 403, person.api("POST", "/deployments/d/deploys/"+d["id"].(string)+"/rollback", `{}`))
	u.create("DAG_ONLY")
}

func TestReadOnlyToken_neitherDeploysNorUpdates(t *testing.T) {
	u := start(t, unlimited()).as(astrotest.TokenOptions{ReadOnly: true})
	require.Equal(t, 200, u.api("GET", "/deployments/d", "").status)
	assertProblem(t, 403, u.api("POST", "/deployments/d/deploys", `{"type":"DAG_ONLY"}`))
	assertProblem(t, 403, u.update(nil))
}

func TestStrictDeployments_areAllThereAre(t *testing.T) {
	o := unlimited()
	o.StrictDeployments = []string{"d"}
	u := start(t, o)
	assert.Equal(t, 200, u.api("GET", "/deployments/d", "").status)
	assertProblem(t, 404, u.api("GET", "/deployments/e", ""))
	u.s.Update("e", astrotest.Settings{})
	assert.Equal(t, 200, u.api("GET", "/deployments/e", "").status)
	u.s.Update("d", astrotest.Settings{Exists: new(false)})
	assertProblem(t, 404, u.api("GET", "/deployments/d", ""))
	assertProblem(t, 404, u.api("POST", "/deployments/d/deploys", `{"type":"DAG_ONLY"}`))
	u.s.Update("d", astrotest.Settings{Exists: new(true)})
	assert.Equal(t, 200, u.api("GET", "/deployments/d", "").status)
}

func TestRateLimit_isPerTokenMethodAndSecond(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	u := start(t, astrotest.Options{Now: func() time.Time { return now }})
	for _, tc := range []struct {
		method, path string
		limit        int
	}{{"GET", "/deployments/d", 25}, {"POST", "/deployments/d/hibernation-override", 10}, {"DELETE", "/deployments/d/hibernation-override", 5}} {
		for range tc.limit {
			require.Less(t, u.api(tc.method, tc.path, `{}`).status, 300)
		}
		a := u.api(tc.method, tc.path, `{}`)
		assertProblem(t, 429, a)
		assert.Equal(t, "1", a.header.Get("Retry-After"))
	}
	other := u.as(astrotest.TokenOptions{Name: "other"})
	assert.Equal(t, 200, other.api("GET", "/deployments/d", "").status)
	now = now.Add(time.Second)
	assert.Equal(t, 200, u.api("GET", "/deployments/d", "").status)
}
