package astrotest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

func TestControl_live(t *testing.T) {
	u := start(t, unlimited())
	assert.JSONEq(t, `[]`, string(u.sim("GET", "/live/d", "").body))
	assertProblem(t, 404, u.sim("GET", "/live/d.tar.gz", ""))
	archive := gz(t, tarOf(t, "dags/b.py", "dags/a.py"))
	u.deployed("DAG_ONLY", archive)
	const x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" // sha256 of "x"
	assert.JSONEq(t, `[{"path":"a.py","size":1,"sha256":"`+x+`"},{"path":"b.py","size":1,"sha256":"`+x+`"}]`,
		string(u.sim("GET", "/live/d", "").body))
	assert.Equal(t, archive, string(u.sim("GET", "/live/d.tar.gz", "").body))
}

func TestControl_deploysTellWhyTheyFailed(t *testing.T) {
	u := start(t, unlimited())
	u.finalize(u.create("DAG_ONLY"), "never")
	var all []astrotest.Deploy
	require.NoError(t, json.Unmarshal(u.sim("GET", "/deploys/d", "").body, &all))
	require.Len(t, all, 1)
	assert.Equal(t, "there is no version never", all[0].Failure)
	assert.Empty(t, all[0].DagsUploadURL)
	assert.JSONEq(t, `[]`, string(u.sim("GET", "/deploys/other", "").body))
}

func TestControl_deployments(t *testing.T) {
	u := start(t, unlimited())
	require.Equal(t, 204, u.sim("POST", "/deployments/d", `{"isDagDeployEnabled":false,"isCicdEnforced":true,"type":"HYBRID","status":"UNHEALTHY"}`).status)
	d := u.api("GET", "/deployments/d", "").json(t)
	assert.Equal(t, []any{false, true, "HYBRID", "UNHEALTHY"}, []any{d["isDagDeployEnabled"], d["isCicdEnforced"], d["type"], d["status"]})
	require.Equal(t, 204, u.sim("POST", "/deployments/d", `{"exists":false}`).status)
	assertProblem(t, 404, u.api("GET", "/deployments/d", ""))
	assertProblem(t, 400, u.sim("POST", "/deployments/d", `{"exist":false}`))
}

func TestControl_faults(t *testing.T) {
	u := start(t, unlimited())
	require.Equal(t, 204, u.sim("POST", "/faults", `{"op":"create","deployment":"d","count":2,"skip":1,"status":503,"delay":"10ms"}`).status)
	assert.Equal(t, 200, u.api("POST", "/deployments/other/deploys", `{"type":"DAG_ONLY"}`).status)
	u.create("DAG_ONLY")
	began := time.Now()
	assertProblem(t, 503, u.api("POST", "/deployments/d/deploys", `{"type":"DAG_ONLY"}`))
	assert.GreaterOrEqual(t, time.Since(began), 10*time.Millisecond)
	assertProblem(t, 503, u.api("POST", "/deployments/d/deploys", `{"type":"DAG_ONLY"}`))
	u.create("DAG_ONLY")
	assert.Len(t, u.s.Deploys("d"), 2)

	require.Equal(t, 204, u.sim("POST", "/faults", `{"count":-1,"status":500}`).status)
	for range 3 {
		assertProblem(t, 500, u.api("GET", "/deployments/d", ""))
	}
	require.Equal(t, 204, u.sim("DELETE", "/faults", "").status)
	u.create("DAG_ONLY")
	for _, bad := range []string{``, `{"ops":"create"}`, `{"delay":"2"}`, `{"delay":2}`} {
		assertProblem(t, 400, u.sim("POST", "/faults", bad))
	}
}

func TestControl_faultOfAnOpThatThereIsNotNamesThoseThatThereAre(t *testing.T) {
	u := start(t, unlimited())
	a := u.sim("POST", "/faults", `{"op":"finalise","count":-1,"status":503}`)
	assertProblem(t, 400, a)
	assert.Contains(t, a.json(t)["message"], `there is no op "finalise"`)
	const ops = "create, deploy, deployment, deployments, deploys, describe, finalize, hibernation, objects, options, " +
		"organizations, rollback, update, upload, workspaces"
	assert.Contains(t, a.json(t)["message"], ops)
	for _, op := range strings.Split(ops, ", ") {
		assert.Equal(t, 204, u.sim("POST", "/faults", `{"op":"`+op+`","status":503}`).status, op)
	}
}

func TestFault_beforeAndAfter(t *testing.T) {
	u := start(t, unlimited())
	u.s.Fault(astrotest.Fault{Op: "create", Status: 500})
	assertProblem(t, 500, u.api("POST", "/deployments/d/deploys", `{"type":"DAG_ONLY"}`))
	assert.Empty(t, u.s.Deploys("d"), "before: nothing is applied")
	u.s.Fault(astrotest.Fault{Op: "create", Status: 500, When: "after"})
	assertProblem(t, 500, u.api("POST", "/deployments/d/deploys", `{"type":"DAG_ONLY"}`))
	assert.Len(t, u.s.Deploys("d"), 1, "after: the answer is lost")
}

func TestFault_drop(t *testing.T) {
	u := start(t, unlimited())
	for i, when := range []string{"before", "after"} {
		u.s.Fault(astrotest.Fault{Op: "create", Drop: true, When: when})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			u.s.URL()+"/organizations/"+astrotest.DefaultOrganization+"/deployments/d/deploys", strings.NewReader(`{"type":"DAG_ONLY"}`))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+u.token)
		_, err = http.DefaultClient.Do(r)
		require.Error(t, err)
		assert.Len(t, u.s.Deploys("d"), i, when)
	}
}

func TestFault_ofUploads(t *testing.T) {
	u := start(t, unlimited())
	d := u.create("DAG_ONLY")
	url := d["dagsUploadUrl"].(string)
	u.s.Fault(astrotest.Fault{Op: "upload", OmitVersion: true})
	a := u.put(url, tarOf(t))
	assert.Equal(t, 201, a.status)
	assert.Empty(t, a.header.Get("x-ms-version-id"))
	u.s.Fault(astrotest.Fault{Op: "upload", Status: 503})
	assertAzure(t, 503, "ServerBusy", u.put(url, tarOf(t)))
	u.s.Fault(astrotest.Fault{Op: "upload", ExpireUpload: true})
	assertAzure(t, 403, "AuthenticationFailed", u.put(url, tarOf(t)))
	u.s.Fault(astrotest.Fault{Op: "create", ExpireUpload: true})
	assertAzure(t, 403, "AuthenticationFailed", u.put(u.create("DAG_ONLY")["dagsUploadUrl"].(string), tarOf(t)))
}

func TestFault_failedDeployChangesNothing(t *testing.T) {
	u := start(t, unlimited())
	u.deployed("DAG_ONLY", tarOf(t, "dags/a.py"))
	u.s.Fault(astrotest.Fault{Op: "finalize", Failed: true})
	assert.Equal(t, "FAILED", u.deployed("DAG_ONLY", tarOf(t, "dags/b.py"))["status"])
	assert.Equal(t, []string{"a.py"}, u.live())
}
