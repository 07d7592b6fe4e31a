package image_test

import (
	"context"
	"encoding/base64"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/secret"
)

// stock is an open registry with an image that has a Runtime label, three layers, and one of them twice.
func stock(t *testing.T) string {
	t.Helper()
	t.Setenv("PATH", t.TempDir()) // no builder
	s := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	content, err := random.Image(256<<10, 3)
	require.NoError(t, err)
	layers, err := content.Layers()
	require.NoError(t, err)
	content, err = mutate.AppendLayers(content, layers[0])
	require.NoError(t, err)
	config, err := content.ConfigFile()
	require.NoError(t, err)
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Labels = "linux", "amd64", map[string]string{image.RuntimeLabel: "3.2-10"}
	content, err = mutate.ConfigFile(content, config)
	require.NoError(t, err)
	reference, err := name.NewTag(s.Listener.Addr().String() + "/stock/image:1")
	require.NoError(t, err)
	require.NoError(t, remote.Write(reference, content))
	return reference.Name()
}

// ready is an image from a registry, and a deploy that waits for one.
type ready struct {
	sim
	image  *image.Image
	deploy astro.Deploy
}

func newReady(t *testing.T) ready {
	t.Helper()
	i, err := image.Find(t.Context(), stock(t), image.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, i.Close()) })
	i.Patience(time.Millisecond)
	s := newSim(t)
	d, err := s.client.Create(t.Context(), "d", astro.CreateDeploy{Type: astro.TypeImageOnly})
	require.NoError(t, err)
	return ready{s, i, d}
}

func (r ready) push(t *testing.T) error {
	t.Helper()
	return r.image.Push(t.Context(), r.deploy.ImageRepository, r.deploy.ImageTag, r.token, nil)
}

func TestFind_inARegistry(t *testing.T) {
	reference := stock(t)
	i, err := image.Find(t.Context(), reference, image.Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{reference, "", "3.2-10"}, []string{i.Name(), i.Builder(), i.Runtime()})
	require.NoError(t, i.Verify("3.1-12"))
	require.NoError(t, i.Close())

	for missing, says := range map[string]string{
		strings.TrimSuffix(reference, "1") + "2": "nor has 127.0.0.1", "not a name": "it is no reference", "-v": "no image's name", "": "no image's name",
	} {
		_, err = image.Find(t.Context(), missing, image.Options{})
		require.ErrorContains(t, err, says)
		assert.Equal(t, fault.Rejected, fault.Of(err), missing)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, err = image.Find(t.Context(), closed.Addr().String()+"/x/y", image.Options{})
	require.ErrorContains(t, err, "does not answer")
	assert.Equal(t, fault.Transient, fault.Of(err))
	s := newSim(t)
	_, err = image.Find(t.Context(), strings.TrimPrefix(strings.TrimSuffix(s.URL(), "/v1"), "http://")+"/x/y", image.Options{})
	require.ErrorContains(t, err, "log in with docker login")
	assert.Equal(t, fault.Denied, fault.Of(err))
}

func TestPush_tellsHowFarItIs(t *testing.T) {
	r := newReady(t)
	var told [][2]int64
	tell := func(done, total int64) { told = append(told, [2]int64{done, total}) }
	require.NoError(t, r.image.Upload(t.Context(), r.deploy.ImageRepository, r.token, tell))
	size := sizeOf(t, r.image, r.deploy, r)
	require.NotEmpty(t, told)
	assert.Equal(t, [2]int64{size, size}, told[len(told)-1])
	before := int64(0)
	for _, one := range told {
		assert.Greater(t, one[0], before)
		before = one[0]
	}
	told = nil
	require.NoError(t, r.image.Push(t.Context(), r.deploy.ImageRepository, r.deploy.ImageTag, r.token, tell))
	assert.Equal(t, [2]int64{size, size}, told[len(told)-1])
	assert.Len(t, told, 4, "the registry had three layers and a configuration")
}

// sizeOf is the size of an image's layers and configuration, each once.
func sizeOf(t *testing.T, i *image.Image, d astro.Deploy, r ready) int64 {
	t.Helper()
	require.NoError(t, i.Push(t.Context(), d.ImageRepository, "size", r.token, nil))
	manifest, err := r.pull(t, d.ImageRepository, "size").Manifest()
	require.NoError(t, err)
	sizes := map[v1.Hash]int64{manifest.Config.Digest: manifest.Config.Size}
	for _, l := range manifest.Layers {
		sizes[l.Digest] = l.Size
	}
	require.Len(t, sizes, 4)
	total := int64(0)
	for _, n := range sizes {
		total += n
	}
	return total
}

func TestPush_outlastsARegistryInTrouble(t *testing.T) {
	for name, trouble := range map[string]astrotest.Fault{
		"no token":              {Op: "token", Status: 503, Count: 2},
		"a layer is refused":    {Op: "layer", Status: 500, Count: 3},
		"a layer is cut off":    {Op: "layer", Drop: true, Count: 3},
		"an answer is lost":     {Op: "layer", Drop: true, When: "after", Count: 3},
		"too many ask":          {Op: "registry", Status: 429, Skip: 2, Count: 2},
		"the manifest is lost":  {Op: "manifest", Drop: true, When: "after"},
		"the manifest is later": {Op: "manifest", Status: 502, Count: 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReady(t)
			r.Fault(trouble)
			require.NoError(t, r.image.Push(t.Context(), r.deploy.ImageRepository, r.deploy.ImageTag, r.token, func(done, total int64) {
				assert.LessOrEqual(t, done, total, "what is sent again counts once")
			}))
			d, err := r.client.Finalize(t.Context(), "d", r.deploy.ID, "")
			require.NoError(t, err)
			assert.Equal(t, astro.StatusDeployed, d.Status)
		})
	}
}

func TestPush_goesOnWithWhatIsMissing(t *testing.T) {
	r := newReady(t)
	r.Fault(astrotest.Fault{Op: "layer", Drop: true, Skip: 3, Count: -1}) // three of three layers and a configuration
	err := r.push(t)
	require.ErrorContains(t, err, "upload layer of image to "+r.deploy.ImageRepository)
	assert.Equal(t, fault.Transient, fault.Of(err))
	r.ClearFaults()

	var sent atomic.Int64
	upstream := strings.TrimSuffix(r.URL(), "/v1")
	through := proxy(t, upstream, func(q *http.Request) {
		if q.Method == http.MethodPatch {
			sent.Add(1)
		}
	})
	repository := strings.Replace(r.deploy.ImageRepository, strings.TrimPrefix(upstream, "http://"), through, 1)
	require.NoError(t, r.image.Push(t.Context(), repository, r.deploy.ImageTag, r.token, nil))
	assert.Equal(t, int64(1), sent.Load())
}

func TestPush_saysWhoMustAct(t *testing.T) {
	for name, tc := range map[string]struct {
		token   astrotest.TokenOptions
		trouble astrotest.Fault
		kind    fault.Kind
		says    string
	}{
		"an expired token":      {token: astrotest.TokenOptions{Expires: time.Now().Add(-time.Hour)}, kind: fault.Denied, says: "Make a Deployment API token"},
		"another Deployment's":  {token: astrotest.TokenOptions{Deployment: "e"}, kind: fault.Denied, says: "Use an API token of this Deployment"},
		"an unknown repository": {trouble: astrotest.Fault{Op: "layer", Status: 404, Count: -1}, kind: fault.Denied, says: "Check the Deployment's id"},
		"a registry that fails": {trouble: astrotest.Fault{Op: "registry", Status: 500, Skip: 1, Count: -1}, kind: fault.Transient, says: "500"},
		"a refused manifest":    {trouble: astrotest.Fault{Op: "manifest", Status: 400}, kind: fault.Broken, says: "push manifest of image"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReady(t)
			r.token = secret.NewValue(r.Token(tc.token))
			if tc.trouble.Op != "" {
				r.Fault(tc.trouble)
			}
			err := r.push(t)
			require.ErrorContains(t, err, tc.says)
			assert.Equal(t, tc.kind, fault.Of(err), err.Error())
		})
	}
}

// A registry may repeat what it was sent. Nothing of that is told on, in whichever request it comes.
func TestPush_neverTellsTheToken(t *testing.T) {
	for _, op := range []string{"token", "layer", "manifest"} {
		for _, status := range []int{400, 401, 403, 500} {
			r := newReady(t)
			basic := base64.StdEncoding.EncodeToString([]byte("cli:" + r.token.Reveal()))
			r.Fault(astrotest.Fault{Op: op, Status: status, Count: -1, Body: "you sent " + r.token.Reveal() + " as " + basic})
			err := r.push(t)
			require.ErrorContains(t, err, "you sent [redacted] as [redacted]")
			for e := err; e != nil; {
				require.NotContains(t, e.Error(), r.token.Reveal()[:40])
				require.NotContains(t, e.Error(), basic[:40])
				u, ok := e.(interface{ Unwrap() error })
				if !ok {
					break
				}
				e = u.Unwrap()
			}
		}
	}
}

func TestPush_endsWithItsContext(t *testing.T) {
	r := newReady(t)
	r.image.Patience(time.Hour)
	r.Fault(astrotest.Fault{Op: "layer", Status: 500, Count: -1})
	ctx, cancel := context.WithCancel(t.Context())
	through := proxy(t, strings.TrimSuffix(r.URL(), "/v1"), func(q *http.Request) {
		if q.Method == http.MethodPatch {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
	})
	repository := strings.Replace(r.deploy.ImageRepository, strings.TrimPrefix(strings.TrimSuffix(r.URL(), "/v1"), "http://"), through, 1)
	err := r.image.Upload(ctx, repository, r.token, nil)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, fault.Transient, fault.Of(err))
}

func TestPush_refusesOtherPlaces(t *testing.T) {
	r := newReady(t)
	for repository, says := range map[string]string{
		"":                         "no repository of a registry",
		"--all":                    "no repository of a registry",
		"-x.example.com/o/d":       "no repository of a registry",
		"o/d":                      "no repository of a registry", // Docker Hub's
		"10.0.0.1/o/d":             "without TLS",
		"192.168.0.1:5000/o/d":     "without TLS",
		"images.example.com/O:8/d": "no repository of a registry",
	} {
		err := r.image.Upload(t.Context(), repository, r.token, nil)
		require.ErrorContains(t, err, says, repository)
		assert.Equal(t, fault.Denied, fault.Of(err))
	}
	for _, tag := range []string{"", "-t", "a b", "a/b", "a:b"} {
		require.ErrorContains(t, r.image.Push(t.Context(), r.deploy.ImageRepository, tag, r.token, nil), "is no tag")
	}
}

// proxy is a way to a server on which requests are seen.
func proxy(t *testing.T, upstream string, see func(*http.Request)) string {
	t.Helper()
	to, err := url.Parse(upstream)
	require.NoError(t, err)
	s := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		see(r.In)
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}
