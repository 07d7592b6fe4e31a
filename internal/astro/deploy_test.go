package astro_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
)

func TestDeploy_wholeWay(t *testing.T) {
	s, c := start(t)
	d := deployed(t, c, map[string]string{"dags/a.py": "a", "dags/b/c.py": "cc"})

	live := s.Live(deployment)
	require.Len(t, live, 2)
	assert.Equal(t, "a.py", live[0].Path)
	assert.Equal(t, "b/c.py", live[1].Path)
	assert.EqualValues(t, 2, live[1].Size)

	there, err := c.Deployment(t.Context(), deployment)
	require.NoError(t, err)
	assert.Equal(t, d.DagTarballVersion, there.DesiredDagTarballVersion)
	assert.True(t, there.DagsArrived())
	assert.True(t, there.IsDagDeployEnabled)
	assert.Equal(t, "3.1.8", there.AirflowVersion)

	again, err := c.Deploy(t.Context(), deployment, d.ID)
	require.NoError(t, err)
	assert.Equal(t, d, again)
	assert.Equal(t, astro.Subject{ID: "clsimtoken", Type: "SERVICEKEY", APITokenName: "ci"}, again.CreatedBy)
	assert.WithinDuration(t, time.Now(), again.CreatedAt, time.Minute)
	assert.Equal(t, map[string]int{"create": 1, "upload": 1, "finalize": 1, "deployment": 1, "deploy": 1}, c.Requests())
}

func TestCreate_sendsGit(t *testing.T) {
	_, c := start(t)
	git := &astro.Git{Provider: "GENERIC", RemoteURL: "https://example.com/x.git", CommitSHA: "abc", Branch: "main"}
	d, err := c.Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeImageOnly, Git: git})
	require.NoError(t, err)
	assert.Equal(t, git, d.Git)
	assert.NotEmpty(t, d.ImageTag)
}

func TestCreate_uploadURLDoesNotPrint(t *testing.T) {
	_, c := start(t)
	d := create(t, c)
	require.Contains(t, d.UploadURL.Reveal(), "sig=")
	b, err := json.Marshal(d)
	require.NoError(t, err)
	assert.NotContains(t, string(b)+fmt.Sprintf("%+v %#v", d, d), "sig=")
}

func TestCreate_withoutDagDeploysHasNoUploadURL(t *testing.T) {
	s, c := start(t)
	s.Update(deployment, astrotest.Settings{IsDagDeployEnabled: new(false)})
	assert.True(t, create(t, c).UploadURL.IsZero())
}

func TestCreate_longDescriptionIsCutAtARune(t *testing.T) {
	_, c := start(t)
	for _, text := range []string{strings.Repeat("é", 400), "x" + strings.Repeat("é", 400), strings.Repeat("🚢", 200), strings.Repeat("a\xff", 400)} {
		d, err := c.Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeDagOnly, Description: text})
		require.NoError(t, err)
		assert.True(t, utf8.ValidString(d.Description))
		assert.LessOrEqual(t, len(d.Description), 500)
		assert.Greater(t, len(d.Description), 496)

		d, err = c.Describe(t.Context(), deployment, d.ID, "y"+text)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(d.Description, "y"))
	}
}

func TestFinalize_versionThatNeverExistedFails(t *testing.T) {
	_, c := start(t)
	d, err := c.Finalize(t.Context(), deployment, create(t, c).ID, "2020-01-01T00:00:00.0000000Z")
	require.NoError(t, err)
	assert.Equal(t, astro.StatusFailed, d.Status)
}

func TestRollback_isANewDeployWithAnOldVersion(t *testing.T) {
	s, c := start(t)
	first := deployed(t, c, map[string]string{"dags/a.py": "1"})
	deployed(t, c, map[string]string{"dags/a.py": "22"})

	back, err := c.Rollback(t.Context(), deployment, first.ID, "back")
	require.NoError(t, err)
	assert.True(t, back.IsRollback())
	assert.Equal(t, first.ID, back.RollbackFromID)
	assert.NotEqual(t, first.ID, back.ID)
	assert.Equal(t, first.DagTarballVersion, back.DagTarballVersion)
	assert.EqualValues(t, 1, s.Live(deployment)[0].Size)
}

func TestDeploys_newestFirstOverSeveralPages(t *testing.T) {
	_, c := start(t)
	var ids []string
	for range 205 {
		ids = append(ids, create(t, c).ID)
	}
	for _, limit := range []int{0, 1, 20, 100, 101, 205, 1000} {
		list, err := c.Deploys(t.Context(), deployment, limit)
		require.NoError(t, err)
		require.Len(t, list, min(limit, 205))
		for i, d := range list {
			assert.Equal(t, ids[len(ids)-1-i], d.ID)
		}
	}
	assert.Equal(t, 0+1+1+1+2+3+3, c.Requests()["deploys"])
}

// Astro's order is not documented.
func TestDeploys_newestFirstWhenAstroListsOldestFirst(t *testing.T) {
	c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		var offset, limit int
		_, _ = fmt.Sscan(r.FormValue("offset"), &offset)
		_, _ = fmt.Sscan(r.FormValue("limit"), &limit)
		deploys := []map[string]any{}
		for i := offset; i < min(offset+limit, 30); i++ {
			deploys = append(deploys, map[string]any{"id": fmt.Sprint("d", i), "createdAt": time.Unix(int64(i), 0).UTC()})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"deploys": deploys, "totalCount": 30})
	})
	list, err := c.Deploys(t.Context(), deployment, 3)
	require.NoError(t, err)
	require.Len(t, list, 3)
	assert.Equal(t, "d29 d28 d27", list[0].ID+" "+list[1].ID+" "+list[2].ID)
}

func TestDeploys_deployMadeBetweenTwoPagesIsNotCountedTwice(t *testing.T) {
	asked := 0
	c := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		page := []map[string]any{}
		for i := range 100 { // the second page begins with the last of the first
			page = append(page, map[string]any{"id": fmt.Sprint("d", i+(asked-1)*99)})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"deploys": page, "totalCount": 1000})
	})
	list, err := c.Deploys(t.Context(), deployment, 199)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, d := range list {
		assert.Falsef(t, seen[d.ID], "%s stands twice", d.ID)
		seen[d.ID] = true
	}
}

func TestDeploy_unknownWordsAreTakenAsTheyAre(t *testing.T) {
	c := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":"cl1","type":"FUTURE","status":"ODD","new":{"x":1},"git":null,"updatedAt":null}`))
	})
	d, err := c.Deploy(t.Context(), deployment, "cl1")
	require.NoError(t, err)
	assert.Equal(t, "FUTURE ODD", d.Type+" "+d.Status)
}

func TestIDs_thatWouldLeadElsewhereAreDenied(t *testing.T) {
	_, c := start(t)
	for _, id := range []string{"", ".", "..", "a/b", "a?b", "a%2fb", "a b", strings.Repeat("x", 200)} {
		_, err := c.Deployment(t.Context(), id)
		require.Error(t, err, id)
		assert.Equal(t, fault.Denied, fault.Of(err))
		_, err = c.Finalize(t.Context(), deployment, id, "v")
		require.Error(t, err, id)
	}
	assert.Empty(t, c.Requests())
}
