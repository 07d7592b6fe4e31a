package pipeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/local/engine"
	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
)

// Images are really built: one builder, and one image of each Runtime, serve all of these tests.
func TestDeploy_images(t *testing.T) {
	b := &builder{engine.Start(t, "buildah"), map[string]string{}}
	b.Use(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *builder)
	}{
		{"image and DAGs", imageAndDags},
		{"beside a bucket", imageBesideABucket},
		{"DAGs in the image", dagsInTheImage},
		{"what Astro refuses", imageThatAstroRefuses},
		{"a registry that refuses", registryThatRefuses},
		{"a registry that goes down under the lease", registryThatGoesDownUnderTheLease},
		{"a deploy that FAILED", deployThatFailed},
		{"a prebuilt image", aPrebuiltImage},
		{"another image takes its place", anotherImageTakesItsPlace},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, b) })
	}
}

// builder keeps the images that Dockerfiles begin with, by their Runtime.
type builder struct {
	*engine.Engine
	bases map[string]string
}

func (b *builder) base(t *testing.T, runtime string) string {
	t.Helper()
	if b.bases[runtime] == "" {
		b.bases[runtime] = b.Runtime(t, runtime)
	}
	return b.bases[runtime]
}

// imageWorld has a builder, a registry at the simulator, and a project whose image can be built.
type imageWorld struct {
	*world
	builder *builder
	token   string
}

func withImages(t *testing.T, b *builder, more ...string) *imageWorld {
	w := &imageWorld{world: newWorld(t, more...), builder: b}
	w.sim = astrotest.Start(t, astrotest.Options{Registry: true, NoRateLimit: true, ArriveAfter: time.Second})
	w.connect()
	w.token = w.sim.Token(astrotest.TokenOptions{})
	w.git("rm", "-q", "-r", "deployments")
	w.dockerfile("3.1-12")
	return w
}

// dockerfile commits one that begins with a Runtime.
func (w *imageWorld) dockerfile(runtime string) {
	w.Helper()
	w.write("Dockerfile", "FROM "+w.builder.base(w.T, runtime)+"\nCOPY requirements.txt plugins /usr/local/airflow/\n")
	w.commit()
}

func (w *imageWorld) deployer() pipeline.Deployer {
	d := w.world.deployer()
	d.Images = image.Options{Project: w.dir, Builder: w.builder.Name, TempDir: w.TempDir()}
	d.Token = secret.NewValue(w.token)
	return d
}

// deployed carries out what must succeed.
func (w *imageWorld) deployed(o ...pipeline.Options) pipeline.Result {
	w.Helper()
	r, err := w.carryOut(w.deployer(), o...)
	require.NoError(w, err, "%+v", r.Steps)
	require.Equal(w, syncer.Deployed, r.Outcome)
	return r
}

// fails carries out what must not become live, and returns the error.
func (w *imageWorld) fails(d pipeline.Deployer, kind fault.Kind, step string) error {
	w.Helper()
	tag := w.tag()
	r, err := w.carryOut(d)
	require.Error(w, err)
	assert.Equal(w, kind, fault.Of(err), "%v", err)
	assert.Equal(w, step, r.Steps[len(r.Steps)-1].Name)
	assert.Nil(w, r.Run.Deploy)
	assert.Equal(w, tag, w.tag(), "what was live is live")
	return err
}

// tag is the live image's.
func (w *imageWorld) tag() string {
	w.Helper()
	d, err := w.client.Deployment(w.Context(), deployment)
	require.NoError(w, err)
	return d.ImageTag
}

func imageAndDags(t *testing.T, b *builder) {
	w := withImages(t, b)
	r := w.deployed()
	d := w.sim.Deploys(deployment)[0]
	assert.Equal(t, astro.TypeImageAndDag, d.Type)
	assert.Equal(t, "common/dates.py etl.py", w.live())
	assert.True(t, r.Arrived)
	assert.Equal(t, d.ImageTag, w.tag())
	assert.Contains(t, step(r, "image").What, "Runtime 3.1-12 (live: 3.1-12), sha256:")
	assert.Equal(t, pipeline.Skipped, step(r, "upload").Outcome, "nobody knows yet where the first one goes")
	assert.Equal(t, pipeline.Nothing, w.plan().Decision)

	w.change("requirements.txt")
	r = w.deployed()
	assert.Equal(t, astro.TypeImageOnly, r.Run.Deploy.Type)
	assert.Equal(t, "to "+d.ImageRepository, step(r, "upload").What)
	assert.Equal(t, "common/dates.py etl.py", w.live())
	assert.Equal(t, pipeline.Nothing, w.plan().Decision)
}

func imageBesideABucket(t *testing.T, b *builder) {
	w := withImages(t, b, "  dags: bucket")
	w.deploy(astro.TypeDagOnly, "") // the bucket's
	w.change("dags/etl.py")
	r := w.deployed()
	assert.Equal(t, astro.TypeImageOnly, r.Run.Deploy.Type)
	assert.Equal(t, "a.py", w.live())
	assert.Equal(t, r.Run.Deploy.ImageTag, w.tag())
}

// While DAG-only deploys are off, the image has the DAGs, and nothing is uploaded.
func dagsInTheImage(t *testing.T, b *builder) {
	w := withImages(t, b)
	off := false
	w.sim.Update(deployment, astrotest.Settings{IsDagDeployEnabled: &off})
	r := w.deployed()
	assert.Equal(t, astro.TypeImageAndDag, r.Run.Deploy.Type)
	assert.Empty(t, w.live())
	assert.Equal(t, r.Run.Deploy.ImageTag, w.tag())
}

func imageThatAstroRefuses(t *testing.T, b *builder) {
	w := withImages(t, b)
	w.dockerfile("")
	require.ErrorContains(t, w.fails(w.deployer(), fault.Rejected, "image"), "io.astronomer.docker.runtime.version")
	w.dockerfile("13.9.0")
	require.ErrorContains(t, w.fails(w.deployer(), fault.Rejected, "image"), "older than the Deployment's")
	w.write("Dockerfile", "FROM scratch\nCOPY nothing /\n")
	w.commit()
	require.ErrorContains(t, w.fails(w.deployer(), fault.Rejected, "image"), "nothing")
	assert.Empty(t, w.sim.Deploys(deployment), "nothing was begun")
}

func registryThatRefuses(t *testing.T, b *builder) {
	w := withImages(t, b)
	w.deployed()
	w.change("requirements.txt")
	d := w.deployer()
	d.Token = secret.NewValue("wrong-password")
	err := w.fails(d, fault.Denied, "upload")
	assert.NotContains(t, err.Error(), "wrong-password")
	w.sim.Fault(astrotest.Fault{Op: "layer", Status: 503, Count: -1})
	w.fails(w.deployer(), fault.Transient, "upload")
	assert.Len(t, w.sim.Deploys(deployment), 1, "nothing was begun")
}

func registryThatGoesDownUnderTheLease(t *testing.T, b *builder) {
	w := withImages(t, b)
	w.sim.Fault(astrotest.Fault{Op: "manifest", Status: 500, Count: -1})
	w.fails(w.deployer(), fault.Transient, "deploy")
	assert.Empty(t, w.live())
	for _, d := range w.sim.Deploys(deployment) {
		assert.Equal(t, astro.StatusInitialized, d.Status)
	}
	w.sim.ClearFaults()
	w.deployed()
}

func deployThatFailed(t *testing.T, b *builder) {
	w := withImages(t, b)
	w.sim.Fault(astrotest.Fault{Op: "finalize", Failed: true})
	require.ErrorContains(t, w.fails(w.deployer(), fault.Transient, "deploy"), "FAILED. What was live stays live")
	w.deployed()
}

func aPrebuiltImage(t *testing.T, b *builder) {
	w := withImages(t, b)
	w.deployed()
	d := w.deployer()
	d.ImageName = b.base(t, "3.1-13")
	r, err := w.carryOut(d, pipeline.Options{Image: d.ImageName})
	require.NoError(t, err)
	assert.Equal(t, astro.TypeImageOnly, r.Run.Deploy.Type)
	assert.Contains(t, step(r, "image").What, "Runtime 3.1-13 (live: 3.1-12)")

	// It is of no commit, so that the next plan knows that the commit's own is not live.
	p := w.expect(pipeline.ImageOnly)
	says(t, p, "image: deployed whole, for the deploy "+r.Run.Deploy.ID+" brought an image that was built elsewhere", "DAGs: no change")
	w.refused(pipeline.Options{Image: "x", Type: astro.TypeDagOnly}, "that brings no image")
}

// Both builds are right: the first one must not wait for what will never come, and fail.
func anotherImageTakesItsPlace(t *testing.T, b *builder) {
	w := withImages(t, b)
	w.deployed()
	w.change("plugins/p.py")
	d := w.deployer()
	var later pipeline.Result
	d.Progress = func(doing string) {
		if doing == "arrival" && later.Outcome == "" {
			w.change("plugins/p.py")
			later = w.deployed()
		}
	}
	r, err := w.carryOut(d)
	require.NoError(t, err)
	assert.False(t, r.Arrived)
	assert.Contains(t, step(r, "arrival").What, "runs the image of deploy "+later.Run.Deploy.ID)
}
