package astrotest_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

// user speaks to a server without any client code of ours.
type user struct {
	t     *testing.T
	s     *astrotest.Server
	token string
}

func start(t *testing.T, o astrotest.Options) user {
	t.Helper()
	s := astrotest.Start(t, o)
	return user{t, s, s.Token(astrotest.TokenOptions{})}
}

// unlimited is a server that tests use which ask for more than Astro lets one.
func unlimited() astrotest.Options { return astrotest.Options{NoRateLimit: true, ArriveAfter: -1} }

func (u user) as(o astrotest.TokenOptions) user {
	u.token = u.s.Token(o)
	return u
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal(a.body, &v), string(a.body))
	return v
}

func (u user) send(method, url, body string, header ...string) answer {
	u.t.Helper()
	r, err := http.NewRequestWithContext(u.t.Context(), method, url, strings.NewReader(body))
	require.NoError(u.t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(u.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(u.t, err)
	return answer{resp.StatusCode, resp.Header, b}
}

// api asks something of the organization.
func (u user) api(method, path, body string) answer {
	u.t.Helper()
	return u.send(method, u.s.URL()+"/organizations/"+astrotest.DefaultOrganization+path, body, "Authorization", "Bearer "+u.token)
}

// sim asks something of the control endpoints.
func (u user) sim(method, path, body string) answer {
	u.t.Helper()
	return u.send(method, strings.TrimSuffix(u.s.URL(), "/v1")+"/_sim"+path, body)
}

func (u user) create(kind string) map[string]any {
	u.t.Helper()
	a := u.api("POST", "/deployments/d/deploys", `{"type":"`+kind+`"}`)
	require.Equal(u.t, 200, a.status, string(a.body))
	return a.json(u.t)
}

func (u user) put(url, body string, header ...string) answer {
	u.t.Helper()
	return u.send("PUT", url, body, append([]string{"x-ms-blob-type", "BlockBlob"}, header...)...)
}

// upload sends an archive, and returns its version.
func (u user) upload(deploy map[string]any, archive string) string {
	u.t.Helper()
	a := u.put(deploy["dagsUploadUrl"].(string), archive)
	require.Equal(u.t, 201, a.status, string(a.body))
	return a.header.Get("x-ms-version-id")
}

func (u user) finalize(deploy map[string]any, version string) answer {
	u.t.Helper()
	return u.api("POST", "/deployments/d/deploys/"+deploy["id"].(string)+"/finalize", `{"dagTarballVersion":"`+version+`"}`)
}

// deployed does a whole deploy.
func (u user) deployed(kind, archive string) map[string]any {
	u.t.Helper()
	d := u.create(kind)
	a := u.finalize(d, u.upload(d, archive))
	require.Equal(u.t, 200, a.status, string(a.body))
	return a.json(u.t)
}

func (u user) live() []string {
	paths := []string{}
	for _, f := range u.s.Live("d") {
		paths = append(paths, f.Path)
	}
	return paths
}

// tarOf has a member of a byte for each name.
func tarOf(t *testing.T, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 1}))
		_, err := w.Write([]byte("x"))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func gz(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(s))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func assertProblem(t *testing.T, status int, a answer) {
	t.Helper()
	require.Equal(t, status, a.status, string(a.body))
	v := a.json(t)
	assert.EqualValues(t, status, v["statusCode"])
	assert.NotEmpty(t, v["message"])
	assert.NotEmpty(t, v["requestId"])
}

func TestServer_unknownPathsAreAstrosErrors(t *testing.T) {
	u := start(t, unlimited())
	assertProblem(t, 404, u.api("GET", "/nowhere", ""))
	assertProblem(t, 404, u.api("PATCH", "/deployments/d", ""))
}
