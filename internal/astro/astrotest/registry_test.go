package astrotest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

// imageOf is an image for a platform and with a Runtime label, if it is not empty.
func imageOf(t *testing.T, architecture, runtime string) v1.Image {
	t.Helper()
	image, err := random.Image(64<<10, 2)
	require.NoError(t, err)
	config, err := image.ConfigFile()
	require.NoError(t, err)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	if runtime != "" {
		config.Config.Labels = map[string]string{"io.astronomer.docker.runtime.version": runtime}
	}
	image, err = mutate.ConfigFile(image, config)
	require.NoError(t, err)
	return image
}

func (u user) push(deploy map[string]any, image v1.Image) error {
	u.t.Helper()
	return u.pushAs("cli", deploy, image)
}

func (u user) pushAs(who string, deploy map[string]any, image v1.Image) error {
	u.t.Helper()
	return remote.Write(reference(u.t, deploy), image, u.login(who), remote.WithRetryBackoff(remote.Backoff{Steps: 1}))
}

func (u user) login(who string) remote.Option {
	return remote.WithAuth(&authn.Basic{Username: who, Password: u.token})
}

func reference(t *testing.T, deploy map[string]any) name.Tag {
	t.Helper()
	tag, err := name.NewTag(deploy["imageRepository"].(string)+":"+deploy["imageTag"].(string), name.StrictValidation)
	require.NoError(t, err)
	return tag
}

func withRegistry() astrotest.Options {
	o := unlimited()
	o.Registry = true
	return o
}

func TestRegistry_takesTheAPITokenOnly(t *testing.T) {
	u := start(t, withRegistry())
	deploy, image := u.create("IMAGE_ONLY"), imageOf(t, "amd64", "3.1-12")
	require.NoError(t, u.push(deploy, image))
	back, err := remote.Image(reference(t, deploy), u.login("cli"))
	require.NoError(t, err)
	want, err := image.Digest()
	require.NoError(t, err)
	got, err := back.Digest()
	require.NoError(t, err)
	assert.Equal(t, want, got)

	refused := func(status int, err error) {
		t.Helper()
		var answered *transport.Error
		require.ErrorAs(t, err, &answered)
		assert.Equal(t, status, answered.StatusCode, answered.Error())
	}
	refused(401, u.pushAs("somebody", deploy, image))
	wrong := u
	wrong.token = "wrong"
	refused(401, wrong.push(deploy, image))
	refused(401, u.as(astrotest.TokenOptions{Expires: time.Now().Add(-time.Minute)}).push(deploy, image))
	refused(403, u.as(astrotest.TokenOptions{Organization: "other"}).push(deploy, image))
	refused(403, u.as(astrotest.TokenOptions{Deployment: "other"}).push(deploy, image))
	require.NoError(t, u.as(astrotest.TokenOptions{Deployment: "d"}).push(deploy, image))
	_, err = remote.Image(reference(t, deploy))
	refused(401, err)
}

func TestRegistry_itsTokensExpire(t *testing.T) {
	now := time.Now()
	o := withRegistry()
	o.Now = func() time.Time { return now }
	u := start(t, o)
	deploy := u.create("IMAGE_ONLY")
	pusher, err := remote.NewPusher(u.login("cli"), remote.WithRetryBackoff(remote.Backoff{Steps: 1}))
	require.NoError(t, err)
	require.NoError(t, pusher.Push(t.Context(), reference(t, deploy), imageOf(t, "amd64", "3.1-12")))
	now = now.Add(2 * time.Minute)
	u.s.Fault(astrotest.Fault{Op: "token", Status: 500, Count: -1})
	require.ErrorContains(t, pusher.Push(t.Context(), reference(t, deploy), imageOf(t, "amd64", "3.1-12")), "/_registry/token")
	u.s.ClearFaults()
	require.NoError(t, pusher.Push(t.Context(), reference(t, deploy), imageOf(t, "amd64", "3.1-12")), "a client asks for a new one")
}

func TestFinalize_looksAtTheImage(t *testing.T) {
	u := start(t, withRegistry())
	for failure, image := range map[string]v1.Image{
		"is not in the registry": nil,
		"no label":               imageOf(t, "amd64", ""),
		"for linux/arm64":        imageOf(t, "arm64", "3.2-10"),
		"older than 3.1-12":      imageOf(t, "amd64", "3.1-9"),
		"13.9.0 is older":        imageOf(t, "amd64", "13.9.0"),
	} {
		deploy := u.create("IMAGE_ONLY")
		if image != nil {
			require.NoError(t, u.push(deploy, image))
		}
		assert.Equal(t, "FAILED", u.finalize(deploy, "").json(t)["status"], failure)
		assert.Contains(t, u.s.Deploys("d")[0].Failure, failure)
		d := u.api("GET", "/deployments/d", "").json(t)
		assert.Equal(t, []any{"deploy-initial", "3.1-12", "HEALTHY"}, []any{d["imageTag"], d["runtimeVersion"], d["status"]})
	}
}

func TestFinalize_missesALayer(t *testing.T) {
	u := start(t, withRegistry())
	deploy, image := u.create("IMAGE_ONLY"), imageOf(t, "amd64", "3.1-12")
	config, err := partial.ConfigLayer(image)
	require.NoError(t, err)
	require.NoError(t, remote.WriteLayer(reference(t, deploy).Context(), config, u.login("cli")))
	require.NoError(t, remote.Put(reference(t, deploy), image, u.login("cli")))
	assert.Equal(t, "FAILED", u.finalize(deploy, "").json(t)["status"])
	assert.Contains(t, u.s.Deploys("d")[0].Failure, "is not in the registry as blobs/")
}

func TestFinalize_imageArrivesLater(t *testing.T) {
	now := time.Now()
	o := withRegistry()
	o.Now, o.ArriveAfter = func() time.Time { return now }, time.Minute
	u := start(t, o)
	running := func() []any {
		d := u.api("GET", "/deployments/d", "").json(t)
		return []any{d["status"], d["imageTag"], d["runtimeVersion"], d["airflowVersion"]}
	}
	deploy := u.create("IMAGE_ONLY")
	require.NoError(t, u.push(deploy, imageOf(t, "amd64", "3.2-10")))
	done := u.finalize(deploy, "").json(t)
	assert.Equal(t, []any{"DEPLOYED", "3.2-10", "3.2.2"}, []any{done["status"], done["astroRuntimeVersion"], done["airflowVersion"]})
	assert.Equal(t, []any{"DEPLOYING", "deploy-initial", "3.1-12", "3.1.8"}, running())
	now = now.Add(59 * time.Second)
	u.deployed("DAG_ONLY", tarOf(t, "dags/a.py"))
	assert.Equal(t, "DEPLOYING", running()[0])
	now = now.Add(time.Second)
	assert.Equal(t, []any{"HEALTHY", deploy["imageTag"], "3.2-10", "3.2.2"}, running(), "DAGs alone do not hold it up")
}

func TestFinalize_dagsLeaveTheImage(t *testing.T) {
	u := start(t, withRegistry())
	dags, image := u.create("DAG_ONLY"), u.create("IMAGE_ONLY")
	require.NoError(t, u.push(image, imageOf(t, "amd64", "3.2-10")))
	require.Equal(t, "DEPLOYED", u.finalize(image, "").json(t)["status"])
	require.Equal(t, 200, u.finalize(dags, u.upload(dags, tarOf(t, "dags/a.py"))).status)
	d := u.api("GET", "/deployments/d", "").json(t)
	assert.Equal(t, []any{image["imageTag"], "3.2-10"}, []any{d["imageTag"], d["runtimeVersion"]})
}

func TestRollback_goesBackToAnOlderImage(t *testing.T) {
	u := start(t, withRegistry())
	var deploys []map[string]any
	for _, runtime := range []string{"3.1-12", "3.2-10"} {
		deploy := u.create("IMAGE_ONLY")
		require.NoError(t, u.push(deploy, imageOf(t, "amd64", runtime)))
		require.Equal(t, "DEPLOYED", u.finalize(deploy, "").json(t)["status"])
		deploys = append(deploys, deploy)
	}
	back := u.api("POST", "/deployments/d/deploys/"+deploys[0]["id"].(string)+"/rollback", `{}`).json(t)
	assert.Equal(t, "DEPLOYED", back["status"])
	d := u.api("GET", "/deployments/d", "").json(t)
	assert.Equal(t, []any{deploys[0]["imageTag"], "3.1-12"}, []any{d["imageTag"], d["runtimeVersion"]})
}

func TestRegistry_faults(t *testing.T) {
	u := start(t, withRegistry())
	deploy, image := u.create("IMAGE_ONLY"), imageOf(t, "amd64", "3.1-12")
	var answered *transport.Error
	u.s.Fault(astrotest.Fault{Op: "token", Status: 503})
	require.ErrorAs(t, u.push(deploy, image), &answered)
	assert.Equal(t, 503, answered.StatusCode)
	u.s.Fault(astrotest.Fault{Op: "layer", Deployment: "d", Skip: 1, Drop: true})
	require.ErrorContains(t, u.push(deploy, image), "Patch")
	u.s.ClearFaults()
	u.s.Fault(astrotest.Fault{Op: "manifest", Status: 500})
	require.ErrorAs(t, u.push(deploy, image), &answered)
	assert.Equal(t, 500, answered.StatusCode)
	require.NoError(t, u.push(deploy, image))
	require.Equal(t, 204, u.sim("POST", "/faults", `{"op":"registry","status":500}`).status)
	assert.Equal(t, 500, u.send("GET", "http://"+reference(t, deploy).RegistryStr()+"/v2/", "").status)
}

func TestRegistry_isThereOnlyIfAskedFor(t *testing.T) {
	u := start(t, unlimited())
	deploy := u.create("IMAGE_ONLY")
	assert.Equal(t, "DEPLOYED", u.finalize(deploy, "").json(t)["status"])
	assert.Equal(t, "images.astronomer.cloud/"+astrotest.DefaultOrganization+"/d", deploy["imageRepository"])
	base := u.s.URL()[:len(u.s.URL())-len("/v1")]
	assert.Equal(t, http.StatusNotFound, u.send("GET", base+"/v2/", "").status)
	assertProblem(t, http.StatusBadRequest, u.sim("POST", "/faults", `{"op":"layer","status":500}`))
}
