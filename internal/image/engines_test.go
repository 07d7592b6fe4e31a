package image_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/local/engine"
	"github.com/dagferry/dagferry/internal/secret"
)

const key = "a key that nobody shall read"

func TestDocker(t *testing.T) { testEngine(t, "docker", "CACHED") }

func TestPodman(t *testing.T) { testEngine(t, "podman", "Using cache") }

func TestBuildah(t *testing.T) { testEngine(t, "buildah", "") }

// works is an engine, and a project that it can build.
type works struct {
	engine  *engine.Engine
	project string
	output  bytes.Buffer
}

func testEngine(t *testing.T, name, cached string) {
	w := &works{engine: engine.Start(t, name), project: t.TempDir()}
	w.engine.Use(t)
	base := w.engine.Runtime(t, "3.1-12")
	engine.Write(t, w.project, "requirements.txt", "pendulum\n")
	engine.Write(t, w.project, "key", key)
	w.dockerfile(t, "FROM "+base+`
ARG WHO
COPY requirements.txt /project/requirements.txt
RUN --mount=type=secret,id=key echo "$WHO read $(wc -c < /run/secrets/key) bytes" > /project/built && echo "it is: $(cat /run/secrets/key)"
`)
	t.Run("an image is built, pushed and deployed", w.deploys)
	if cached != "" {
		t.Run("the next build takes what the last one made", func(t *testing.T) {
			w.build(t)
			assert.Contains(t, w.output.String(), cached)
		})
	}
	t.Run("an image that is there is found", func(t *testing.T) { w.finds(t, base) })
	t.Run("an image that Astro refuses is told", w.verifies)
	t.Run("a broken Dockerfile is told", func(t *testing.T) { w.fails(t, base) })
}

func (w *works) dockerfile(t *testing.T, text string) { engine.Write(t, w.project, "Dockerfile", text) }

func (w *works) options(t *testing.T) image.Options {
	w.output.Reset()
	return image.Options{
		Project: w.project, Builder: w.engine.Name, Args: []string{"WHO=somebody"}, Secrets: []string{"id=key,src=" + filepath.Join(w.project, "key")},
		Output: &w.output, TempDir: t.TempDir(),
	}
}

func (w *works) build(t *testing.T) *image.Image {
	t.Helper()
	i, err := image.Build(t.Context(), w.options(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, i.Close()) })
	return i
}

func (w *works) deploys(t *testing.T) {
	o := w.options(t)
	i, err := image.Build(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, w.engine.Name, i.Builder())
	assert.Equal(t, "3.1-12", i.Runtime())
	assert.Contains(t, w.output.String(), "it is: [redacted]")
	assert.NotContains(t, w.output.String(), key)
	require.NoError(t, i.Verify("3.1-12"))
	require.ErrorContains(t, i.Verify("3.1-13"), "older than the Deployment's, 3.1-13")

	s := newSim(t)
	d, err := s.client.Create(t.Context(), "d", astro.CreateDeploy{Type: astro.TypeImageOnly})
	require.NoError(t, err)
	require.NoError(t, i.Upload(t.Context(), d.ImageRepository, s.token, nil))
	require.NoError(t, i.Push(t.Context(), d.ImageRepository, d.ImageTag, s.token, nil))
	back := s.pull(t, d.ImageRepository, d.ImageTag)
	digest, err := back.Digest()
	require.NoError(t, err)
	assert.Equal(t, i.Digest(), digest.String())
	require.NoError(t, validate.Image(back))
	files := filesOf(t, back)
	assert.Equal(t, "pendulum\n", files["project/requirements.txt"])
	assert.Equal(t, "somebody read 28 bytes\n", files["project/built"])
	d, err = s.client.Finalize(t.Context(), "d", d.ID, "")
	require.NoError(t, err)
	assert.Equal(t, astro.StatusDeployed, d.Status, "%+v", s.Deploys("d"))

	_, tag, _ := strings.Cut(i.Name(), ":")
	assert.Contains(t, w.engine.Run(t, "images"), tag)
	require.NoError(t, i.Close())
	assert.NotContains(t, w.engine.Run(t, "images"), tag)
	left, err := os.ReadDir(o.TempDir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func (w *works) finds(t *testing.T, base string) {
	for _, builder := range []string{w.engine.Name, ""} {
		o := w.options(t)
		o.Builder = builder
		i, err := image.Find(t.Context(), base, o)
		require.NoError(t, err)
		assert.Equal(t, []string{base, "3.1-12"}, []string{i.Name(), i.Runtime()})
		assert.Contains(t, []string{w.engine.Name, "podman"}, i.Builder(), "podman and buildah have one store")
		require.NoError(t, i.Close())
		w.engine.Run(t, "inspect", base) // it is still there
	}
}

func (w *works) verifies(t *testing.T) {
	w.dockerfile(t, "FROM scratch\nCOPY requirements.txt /\n")
	refused := w.build(t).Verify("")
	require.ErrorContains(t, refused, "no label io.astronomer.docker.runtime.version")
	assert.Equal(t, fault.Rejected, fault.Of(refused))

	w.dockerfile(t, "FROM scratch\nCOPY requirements.txt /\nLABEL "+image.RuntimeLabel+"=3.1-12\n")
	w.engine.Run(t, "build", "--platform=linux/arm64", "--tag=localhost/arm:1", w.project)
	i, err := image.Find(t.Context(), "localhost/arm:1", w.options(t))
	require.NoError(t, err)
	defer i.Close()
	refused = i.Verify("3.1-12")
	require.ErrorContains(t, refused, "it is for linux/arm64, and Astro runs linux/amd64")
	assert.Equal(t, fault.Rejected, fault.Of(refused))
}

func (w *works) fails(t *testing.T, base string) {
	w.dockerfile(t, "FROM "+base+"\nRUN echo there is no such package >&2 && exit 7\n")
	o := w.options(t)
	_, err := image.Build(t.Context(), o)
	require.Equal(t, fault.Rejected, fault.Of(err))
	require.ErrorContains(t, err, "build the image with "+w.engine.Name)
	require.ErrorContains(t, err, "\n  ")
	require.ErrorContains(t, err, "there is no such package")

	w.dockerfile(t, "FROM scratch\nCOPPY a b\n")
	_, err = image.Build(t.Context(), o)
	require.Equal(t, fault.Rejected, fault.Of(err))
	assert.Contains(t, strings.ToUpper(err.Error()), "COPPY")

	require.NoError(t, os.Remove(filepath.Join(w.project, "Dockerfile")))
	_, err = image.Build(t.Context(), o)
	require.Equal(t, fault.Rejected, fault.Of(err))
	require.ErrorContains(t, err, "there is no Dockerfile in "+w.project)
}

func TestBuild_takesTheFirstBuilderThatWorks(t *testing.T) {
	engine.Start(t, "podman").Use(t)
	t.Setenv("DOCKER_HOST", "unix:///nowhere.sock") // docker is installed, and has no engine
	project := t.TempDir()
	engine.Write(t, project, "Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
	i, err := image.Build(t.Context(), image.Options{Project: project})
	require.NoError(t, err)
	assert.Equal(t, "podman", i.Builder())
	require.NoError(t, i.Close())

	for builder, says := range map[string]string{"docker": "nowhere.sock", "kaniko": "Take one of docker, podman, buildah"} {
		_, err = image.Build(t.Context(), image.Options{Project: project, Builder: builder})
		require.ErrorContains(t, err, says)
		assert.Equal(t, fault.Denied, fault.Of(err))
	}
	t.Setenv("PATH", t.TempDir())
	_, err = image.Build(t.Context(), image.Options{Project: project})
	require.ErrorContains(t, err, "Install docker, podman or buildah")
	assert.Equal(t, fault.Denied, fault.Of(err))
}

// sim is the simulator with a registry, and who may push to it.
type sim struct {
	*astrotest.Server
	token  secret.Value
	client *astro.Client
}

func newSim(t *testing.T) sim {
	t.Helper()
	s := sim{Server: astrotest.Start(t, astrotest.Options{Registry: true, NoRateLimit: true, ArriveAfter: -1})}
	s.token = secret.NewValue(s.Token(astrotest.TokenOptions{}))
	var err error
	s.client, err = astro.New(astro.Options{URL: s.URL(), Token: s.token})
	require.NoError(t, err)
	return s
}

func (s sim) pull(t *testing.T, repository, tag string) v1.Image {
	t.Helper()
	reference, err := name.ParseReference(repository + ":" + tag)
	require.NoError(t, err)
	back, err := remote.Image(reference, remote.WithAuth(&authn.Basic{Username: "cli", Password: s.token.Reveal()}), remote.WithTransport(http.DefaultTransport))
	require.NoError(t, err)
	return back
}

func filesOf(t *testing.T, content v1.Image) map[string]string {
	t.Helper()
	r := mutate.Extract(content)
	defer r.Close()
	files := map[string]string{}
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		if h.Typeflag == tar.TypeReg && h.Size < 1<<10 {
			data, err := io.ReadAll(archive)
			require.NoError(t, err)
			files[h.Name] = string(data)
		}
	}
}
