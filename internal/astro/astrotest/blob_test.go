package astrotest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

func assertAzure(t *testing.T, status int, code string, a answer) {
	t.Helper()
	assert.Equal(t, status, a.status, string(a.body))
	assert.Contains(t, string(a.body), "<Error><Code>"+code+"</Code>")
	assert.Empty(t, a.header.Get("x-ms-version-id"))
}

func TestUpload_everyPutIsAVersionOfOneBlob(t *testing.T) {
	u := start(t, unlimited())
	one, two := u.create("DAG_ONLY"), u.create("DAG_ONLY")
	a, b := u.upload(one, tarOf(t, "dags/a.py")), u.upload(two, tarOf(t, "dags/b.py"))
	assert.NotEqual(t, a, b)
	require.Equal(t, 200, u.finalize(two, a).status, "a version is of the Deployment, not of the deploy")
	assert.Equal(t, []string{"a.py"}, u.live())
}

func TestUpload_asksForWhatAzureAsksFor(t *testing.T) {
	u := start(t, unlimited())
	url := u.create("DAG_ONLY")["dagsUploadUrl"].(string)
	body := tarOf(t, "dags/a.py")
	assertAzure(t, 400, "MissingRequiredHeader", u.send("PUT", url, body))
	assertAzure(t, 400, "InvalidHeaderValue", u.send("PUT", url, body, "x-ms-blob-type", "PageBlob"))
	assertAzure(t, 400, "InvalidAuthenticationInfo", u.put(url, body, "Authorization", "Bearer "+u.token))
	assertAzure(t, 403, "AuthorizationPermissionMismatch", u.send("GET", url, ""))
	assertAzure(t, 403, "AuthenticationFailed", u.put(strings.Replace(url, "sig=", "sig=x", 1), body))
	assertAzure(t, 403, "AuthenticationFailed", u.put(strings.Split(url, "?")[0], body))
	assertAzure(t, 403, "AuthenticationFailed", u.put(strings.Replace(url, "/d/", "/other/", 1), body))

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, io.MultiReader(strings.NewReader(body)))
	require.NoError(t, err)
	r.Header.Set("x-ms-blob-type", "BlockBlob")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusLengthRequired, resp.StatusCode)
}

func TestUpload_urlExpires(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	u := start(t, astrotest.Options{Now: func() time.Time { return now }})
	url := u.create("DAG_ONLY")["dagsUploadUrl"].(string)
	now = now.Add(10*time.Minute - time.Second)
	assert.Equal(t, 201, u.put(url, tarOf(t)).status)
	now = now.Add(time.Second)
	assertAzure(t, 403, "AuthenticationFailed", u.put(url, tarOf(t)))
}

func list(ids ...string) string {
	return `<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>` + strings.Join(ids, "</Latest><Latest>") + `</Latest></BlockList>`
}

func TestUpload_inBlocks(t *testing.T) {
	u := start(t, unlimited())
	d := u.create("DAG_ONLY")
	url, body := d["dagsUploadUrl"].(string), tarOf(t, "dags/a.py")
	require.Equal(t, 201, u.send("PUT", url+"&comp=block&blockid=YQ==", body[:600]).status)
	require.Equal(t, 201, u.send("PUT", url+"&comp=block&blockid=Yg==", body[600:]).status)
	a := u.send("PUT", url+"&comp=blocklist", list("YQ==", "Yg=="))
	require.Equal(t, 201, a.status, string(a.body))
	require.Equal(t, "DEPLOYED", u.finalize(d, a.header.Get("x-ms-version-id")).json(t)["status"])
	assert.Equal(t, []string{"a.py"}, u.live())

	require.Equal(t, 201, u.send("PUT", url+"&comp=blocklist", list("YQ==", "Yg==")).status, "committed blocks stay")
	assertAzure(t, 400, "InvalidXmlDocument", u.send("PUT", url+"&comp=blocklist", "<"))
	assertAzure(t, 400, "InvalidQueryParameterValue", u.send("PUT", url+"&comp=block&blockid=!", "x"))
	assertAzure(t, 400, "InvalidQueryParameterValue", u.send("PUT", url+"&comp=other", "x"))
}

// The open bug of the CLI: two deploys that upload in blocks at once.
func TestUpload_blocksOfTwoDeploysBreakEachOther(t *testing.T) {
	u := start(t, unlimited())
	one := u.create("DAG_ONLY")["dagsUploadUrl"].(string)
	two := u.create("DAG_ONLY")["dagsUploadUrl"].(string)
	require.Equal(t, 201, u.send("PUT", one+"&comp=block&blockid=YQ==", "1").status)
	require.Equal(t, 201, u.send("PUT", two+"&comp=block&blockid=Yg==", "2").status)
	require.Equal(t, 201, u.send("PUT", one+"&comp=blocklist", list("YQ==")).status)
	assertAzure(t, 400, "InvalidBlockList", u.send("PUT", two+"&comp=blocklist", list("Yg==")))

	require.Equal(t, 201, u.send("PUT", two+"&comp=block&blockid=Yg==", "2").status)
	require.Equal(t, 201, u.put(one, tarOf(t)).status)
	assertAzure(t, 400, "InvalidBlockList", u.send("PUT", two+"&comp=blocklist", list("Yg==")))
}
