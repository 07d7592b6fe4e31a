package astro_test

import (
	"archive/tar"
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/secret"
)

// deployment is the one that tests deploy to.
const deployment = "cltest"

func start(t *testing.T) (*astrotest.Server, *astro.Client) {
	t.Helper()
	s := astrotest.Start(t, astrotest.Options{NoRateLimit: true, ArriveAfter: -1})
	return s, client(t, astro.Options{URL: s.URL()})
}

// pipe is start inside a synctest bubble, where waiting takes no time.
func pipe(t *testing.T) (*astrotest.Server, *astro.Client) {
	t.Helper()
	s, transport := astrotest.Pipe(t, astrotest.Options{ArriveAfter: -1})
	return s, client(t, astro.Options{URL: s.URL(), Transport: transport})
}

func client(t *testing.T, o astro.Options) *astro.Client {
	t.Helper()
	if o.Token.IsZero() {
		o.Token = secret.NewValue(astrotest.Token(astrotest.TokenOptions{Name: "ci"}))
	}
	c, err := astro.New(o)
	require.NoError(t, err)
	return c
}

// hostile is a client of a server that is not Astro.
func hostile(t *testing.T, h http.HandlerFunc) *astro.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return client(t, astro.Options{URL: s.URL + "/v1"})
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := w.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// create begins a deploy of DAGs.
func create(t *testing.T, c *astro.Client) astro.Deploy {
	t.Helper()
	d, err := c.Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeDagOnly, Description: "test"})
	require.NoError(t, err)
	return d
}

// upload sends files, and returns their version.
func upload(t *testing.T, c *astro.Client, d astro.Deploy, files map[string]string) string {
	t.Helper()
	b := archive(t, files)
	version, err := c.Upload(t.Context(), d.UploadURL, bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return version
}

// deployed does a whole deploy.
func deployed(t *testing.T, c *astro.Client, files map[string]string) astro.Deploy {
	t.Helper()
	d := create(t, c)
	d, err := c.Finalize(t.Context(), deployment, d.ID, upload(t, c, d, files))
	require.NoError(t, err)
	require.Equal(t, astro.StatusDeployed, d.Status)
	return d
}
