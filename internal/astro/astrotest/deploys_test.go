package astrotest_test

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

func TestFinalize_lastOneWinsWhateverWasCreatedLast(t *testing.T) {
	u := start(t, unlimited())
	older, newer := u.create("DAG_ONLY"), u.create("DAG_ONLY")
	one, two := u.upload(older, tarOf(t, "dags/older.py")), u.upload(newer, tarOf(t, "dags/newer.py"))
	require.Equal(t, 200, u.finalize(newer, two).status)
	require.Equal(t, 200, u.finalize(older, one).status)
	assert.Equal(t, []string{"older.py"}, u.live())
	assert.Equal(t, one, u.api("GET", "/deployments/d", "").json(t)["desiredDagTarballVersion"])

	require.Equal(t, 200, u.finalize(newer, two).status, "it is unconditional")
	assert.Equal(t, []string{"newer.py"}, u.live())
}

func TestFinalize_arrivesLater(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	u := start(t, astrotest.Options{Now: func() time.Time { return now }, ArriveAfter: time.Minute})
	arrived := func() bool {
		d := u.api("GET", "/deployments/d", "").json(t)
		return d["dagTarballVersion"] == d["desiredDagTarballVersion"]
	}
	u.deployed("DAG_ONLY", tarOf(t, "dags/a.py"))
	assert.False(t, arrived())
	now = now.Add(59 * time.Second)
	assert.False(t, arrived())
	now = now.Add(time.Second)
	assert.True(t, arrived())
}

func TestFinalize_readsTheArchive(t *testing.T) {
	link := func(name, to string, kind byte) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Linkname: to, Typeflag: kind}))
		require.NoError(t, w.Close())
		return b.String()
	}
	plain := tarOf(t, "dags/a.py", "dags/b/c.py")
	halves := gz(t, plain[:700]) + gz(t, plain[700:])
	for name, tc := range map[string]struct {
		archive string
		live    []string // nil: FAILED
	}{
		"plain":                   {plain, []string{"a.py", "b/c.py"}},
		"gzip":                    {gz(t, plain), []string{"a.py", "b/c.py"}},
		"gzip in several members": {halves, []string{"a.py", "b/c.py"}},
		"root layout":             {tarOf(t, "z.py", "a/b.py"), []string{"a/b.py", "z.py"}},
		"root layout with a dags": {tarOf(t, "z.py", "dags/b.py"), []string{"dags/b.py", "z.py"}},
		"no members":              {tarOf(t), []string{}},
		"link inside":             {link("dags/x/l", "../a.py", tar.TypeSymlink), []string{}},
		"empty":                   {"", nil},
		"absolute":                {tarOf(t, "/etc/passwd"), nil},
		"outside":                 {tarOf(t, "dags/../../x"), nil},
		"outside by name only":    {tarOf(t, ".."), nil},
		"link outside":            {link("dags/l", "../../x", tar.TypeSymlink), nil},
		"absolute link":           {link("dags/l", "/etc", tar.TypeSymlink), nil},
		"device":                  {link("dags/l", "", tar.TypeChar), nil},
		"no archive":              {strings.Repeat("x", 2000), nil},
		"half a gzip":             {gz(t, plain)[:60], nil},
		"gzip with a bad sum":     {gz(t, plain)[:len(gz(t, plain))-8] + "12345678", nil},
		"second member cut":       {halves[:len(halves)-4], nil},
	} {
		t.Run(name, func(t *testing.T) {
			u := start(t, unlimited())
			before := u.deployed("DAG_ONLY", tarOf(t, "dags/before.py"))
			d := u.create("DAG_ONLY")
			a := u.finalize(d, u.upload(d, tc.archive))
			require.Equal(t, 200, a.status)
			if tc.live != nil {
				assert.Equal(t, "DEPLOYED", a.json(t)["status"])
				assert.Equal(t, tc.live, u.live())
				return
			}
			assert.Equal(t, "FAILED", a.json(t)["status"])
			assert.NotContains(t, string(a.body), "failure")
			assert.NotEmpty(t, u.s.Deploys("d")[0].Failure)
			assert.Equal(t, []string{"before.py"}, u.live())
			assert.Equal(t, before["dagTarballVersion"], u.api("GET", "/deployments/d", "").json(t)["desiredDagTarballVersion"])
		})
	}
}

func TestFinalize_typesCarryTheirParts(t *testing.T) {
	u := start(t, unlimited())
	dags := u.deployed("DAG_ONLY", tarOf(t, "dags/a.py"))

	image := u.finalize(u.create("IMAGE_ONLY"), "").json(t)
	assert.Equal(t, []string{"a.py"}, u.live(), "an image leaves the DAGs")
	assert.Equal(t, dags["dagTarballVersion"], image["dagTarballVersion"], "and carries their version")
	assert.Equal(t, image["imageTag"], u.api("GET", "/deployments/d", "").json(t)["imageTag"])

	u.deployed("IMAGE_AND_DAG", tarOf(t, "dags/b.py"))
	assert.Equal(t, []string{"b.py"}, u.live(), "a whole project replaces them")
}

func TestFinalize_refusals(t *testing.T) {
	u := start(t, unlimited())
	d := u.create("DAG_ONLY")
	assertProblem(t, 400, u.finalize(d, ""))
	assert.Equal(t, "FAILED", u.finalize(d, "never").json(t)["status"])
	assertProblem(t, 404, u.finalize(map[string]any{"id": "other"}, "v"))
	u.s.Update("d", astrotest.Settings{IsDagDeployEnabled: new(false)})
	assertProblem(t, 400, u.finalize(d, "v"))
}

func TestCreate_refusals(t *testing.T) {
	u := start(t, unlimited())
	for _, body := range []string{"", "{", `{"type":""}`, `{"type":"DAGS"}`, `{"type":"DAG_ONLY","description":"` + strings.Repeat("x", 501) + `"}`} {
		assertProblem(t, 400, u.api("POST", "/deployments/d/deploys", body))
	}
	assert.Empty(t, u.s.Deploys("d"))
	d := u.create("DAG_ONLY")
	assertProblem(t, 400, u.api("POST", "/deployments/d/deploys/"+d["id"].(string), `{"description":"`+strings.Repeat("x", 501)+`"}`))
	assert.Equal(t, "INITIALIZED", d["status"])
}

func TestCreate_uploadURLOnlyWithDagDeploys(t *testing.T) {
	u := start(t, unlimited())
	assert.Contains(t, u.create("DAG_ONLY"), "dagsUploadUrl")
	u.s.Update("d", astrotest.Settings{IsDagDeployEnabled: new(false)})
	assert.NotContains(t, u.create("DAG_ONLY"), "dagsUploadUrl")
}

func TestRollback(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	u := start(t, astrotest.Options{NoRateLimit: true, Now: func() time.Time { return now }})
	u.s.Update("d", astrotest.Settings{RuntimeVersion: new("13.9.0")})
	first := u.deployed("DAG_ONLY", tarOf(t, "dags/a.py"))
	u.s.Update("d", astrotest.Settings{RuntimeVersion: new("3.1-12")})
	second := u.deployed("DAG_ONLY", tarOf(t, "dags/b.py"))
	open := u.create("DAG_ONLY")
	path := func(d map[string]any) string { return "/deployments/d/deploys/" + d["id"].(string) + "/rollback" }

	assertProblem(t, 400, u.api("POST", path(open), `{}`))
	a := u.api("POST", path(first), `{"description":"back"}`)
	require.Equal(t, 200, a.status)
	back := a.json(t)
	assert.Equal(t, first["id"], back["rollbackFromId"])
	assert.Equal(t, first["dagTarballVersion"], back["dagTarballVersion"])
	assert.NotEqual(t, first["id"], back["id"])
	assert.Equal(t, []string{"a.py"}, u.live())
	assert.Equal(t, "13.9.0", u.api("GET", "/deployments/d", "").json(t)["runtimeVersion"])

	now = now.Add(89 * 24 * time.Hour)
	require.Equal(t, 200, u.as(astrotest.TokenOptions{}).api("POST", path(second), `{}`).status)
	now = now.Add(2 * 24 * time.Hour)
	assertProblem(t, 400, u.as(astrotest.TokenOptions{}).api("POST", path(second), `{}`))
}

func TestListDeploys_pages(t *testing.T) {
	u := start(t, unlimited())
	for range 25 {
		u.create("DAG_ONLY")
	}
	list := u.api("GET", "/deployments/d/deploys", "").json(t)
	assert.Len(t, list["deploys"], 20)
	assert.EqualValues(t, 25, list["totalCount"])
	assert.Equal(t, u.s.Deploys("d")[0].ID, list["deploys"].([]any)[0].(map[string]any)["id"])
	assert.Len(t, u.api("GET", "/deployments/d/deploys?limit=3&offset=24", "").json(t)["deploys"], 1)
	assert.Len(t, u.api("GET", "/deployments/d/deploys?offset=99", "").json(t)["deploys"], 0)
	for _, bad := range []string{"limit=0", "limit=1001", "limit=x", "offset=-1"} {
		assertProblem(t, 400, u.api("GET", "/deployments/d/deploys?"+bad, ""))
	}
}

func TestPeople_deployAndRollBackPastEverything(t *testing.T) {
	u := start(t, astrotest.Options{})
	u.s.Fault(astrotest.Fault{Count: -1, Status: 500})
	first := u.s.Deploy("d", "by hand", []byte(tarOf(t, "dags/a.py")))
	u.s.Deploy("d", "by hand", []byte(tarOf(t, "dags/b.py")))
	assert.Equal(t, "USER", first.CreatedBySubject.Type)
	back, err := u.s.Rollback("d", first.ID, "")
	require.NoError(t, err)
	assert.Equal(t, first.ID, back.RollbackFromID)
	assert.Equal(t, []string{"a.py"}, u.live())
	_, err = u.s.Rollback("d", "other", "")
	require.Error(t, err)
}
