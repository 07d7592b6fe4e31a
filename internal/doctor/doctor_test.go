package doctor_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/doctor"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/target"
)

const id = "clx1"

// world is a target whose deploys work.
type world struct {
	*testing.T
	sim    *astrotest.Server
	dir    string
	token  string
	target config.Target
	doctor doctor.Doctor
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, sim: astrotest.Start(t, astrotest.Options{NoRateLimit: true}), dir: t.TempDir()}
	w.token = w.sim.Token(astrotest.TokenOptions{Deployment: id})
	w.write("dags/etl.py", "import airflow")
	w.write("dagferry.yaml", `
version: 1
targets:
  - {name: prod, sources: [{url: "file://`+w.dir+`/dags"}], deployment: clx1, token: env://TOKEN, state: "file://`+w.dir+`/state"}
`)
	c, err := config.Load(filepath.Join(w.dir, "dagferry.yaml"))
	require.NoError(t, err)
	w.target = c.Targets[0]
	w.doctor = doctor.Doctor{
		Opener: target.Opener{
			Buckets: map[string]target.Open{"file": func(_ context.Context, at config.Source) (bucket.Bucket, error) {
				return dir.Open(strings.TrimPrefix(at.URL, "file://"), dir.Options{})
			}},
			Secrets:  secret.Local(func(name string) (string, bool) { return w.token, name == "TOKEN" && w.token != "" }),
			AstroURL: w.sim.URL(), Checks: &target.Checks{},
		},
		Now: time.Now, File: func(file string) string { return filepath.Join(w.dir, file) },
	}
	return w
}

func (w *world) write(name, text string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(w, os.WriteFile(path, []byte(text), 0o600))
}

func (w *world) examine() doctor.Examination {
	return w.doctor.Examine(w.Context(), w.target)
}

// about is what was found about something.
func (w *world) about(what string) doctor.Finding {
	w.Helper()
	e := w.examine()
	for _, f := range e.Findings {
		if f.About == what {
			assert.True(w, f.Level != doctor.Blocks || e.Blocked(), "what blocks is told as blocked")
			return f
		}
	}
	require.Fail(w, "nothing was found", "about %s: %v", what, e.Findings)
	return doctor.Finding{}
}

func TestExamine_whatWorksIsInOrder(t *testing.T) {
	w := start(t)
	w.sim.Update(id, astrotest.Settings{IsCicdEnforced: new(true)})
	e := w.examine()
	assert.False(t, e.Blocked())
	var about []string
	for _, f := range e.Findings {
		assert.Equal(t, doctor.OK, f.Level, f)
		assert.Empty(t, f.Remedy)
		about = append(about, f.About)
	}
	assert.Equal(t, []string{"token", "organization", "Deployment", "DAG deploys", "CI/CD", "state", "sources"}, about)
	assert.Contains(t, e.Findings[0].Message, "an API token of the Deployment clx1, in env://TOKEN, which expires on")
}

func TestExamine_token(t *testing.T) {
	w := start(t)
	w.token = ""
	f := w.about("token")
	assert.Equal(t, doctor.Blocks, f.Level)
	assert.Contains(t, f.Message, "the environment variable TOKEN is not set")
	assert.Len(t, w.examine().Findings, 1, "nothing else can be looked at")

	w.token = "hunter2"
	assert.Contains(t, w.about("token").Message, "it is no API token of Astro")
	assert.NotContains(t, w.about("token").Message, "hunter2")

	w.token = w.sim.Token(astrotest.TokenOptions{Expires: time.Now().Add(-time.Hour)})
	f = w.about("token")
	assert.Equal(t, doctor.Blocks, f.Level)
	assert.Contains(t, f.Message, "it expired on")
	assert.Contains(t, f.Message, astro.MakeToken)

	w.token = w.sim.Token(astrotest.TokenOptions{Expires: time.Now().Add(72*time.Hour + time.Minute)})
	f = w.about("token")
	assert.Equal(t, doctor.Finding{Level: doctor.Warning, About: "token", Message: f.Message, Remedy: astro.MakeToken}, f)
	assert.Contains(t, f.Message, "days left: 3")

	w.token = w.sim.Token(astrotest.TokenOptions{Deployment: "another"})
	f = w.about("Deployment")
	assert.Equal(t, doctor.Blocks, f.Level)
	assert.Contains(t, f.Message, "(403)")

	w.target.Organization = "another"
	assert.Equal(t, doctor.Warning, w.about("organization").Level)
}

func TestExamine_enforcedCicdAndWhoseTheTokenIs(t *testing.T) {
	w := start(t)
	f := w.about("CI/CD")
	assert.Equal(t, doctor.Note, f.Level)
	assert.Equal(t, "to enforce it: astro deployment update clx1 --cicd-enforcement", f.Remedy)
	w.doctor.Pipeline = &config.Pipeline{Dags: config.DagsBucket, Deployments: map[string]string{"prod": "prod.yaml"}}
	w.write("prod.yaml", "deployment: {}")
	assert.Equal(t, "to enforce it: write ci_cd_enforcement: true below configuration in prod.yaml, then dagferry config apply --target prod", w.about("CI/CD").Remedy)

	w.token = w.sim.Token(astrotest.TokenOptions{User: true})
	assert.Equal(t, doctor.Warning, w.about("CI/CD").Level)
	w.sim.Update(id, astrotest.Settings{IsCicdEnforced: new(true)})
	f = w.about("CI/CD")
	assert.Equal(t, doctor.Blocks, f.Level)
	assert.Equal(t, "enforced, and the token is a person's: Astro refuses its deploys", f.Message)
	assert.Equal(t, astro.MakeToken, f.Remedy)
}

func TestExamine_deployment(t *testing.T) {
	w := start(t)
	for status, level := range map[string]doctor.Level{
		"HEALTHY": doctor.OK, "DEPLOYING": doctor.OK, "CREATING": doctor.Blocks, "HIBERNATING": doctor.Warning, "UNHEALTHY": doctor.Warning, "NEW": doctor.Warning,
	} {
		w.sim.Update(id, astrotest.Settings{Status: &status})
		assert.Equal(t, level, w.about("Deployment").Level, status)
	}
	w.sim.Update(id, astrotest.Settings{Type: new("HYBRID"), Status: new("HEALTHY")})
	f := w.about("Deployment")
	assert.Equal(t, doctor.Blocks, f.Level)
	assert.Contains(t, f.Remedy, "allowHybrid: true")
	w.target.AllowHybrid = true
	assert.Equal(t, doctor.OK, w.about("Deployment").Level)

	w.sim.Update(id, astrotest.Settings{Exists: new(false)})
	assert.Contains(t, w.about("Deployment").Message, "(404)")
}

func TestExamine_dagDeploys(t *testing.T) {
	w := start(t)
	w.sim.Update(id, astrotest.Settings{IsDagDeployEnabled: new(false)})
	f := w.about("DAG deploys")
	assert.Equal(t, doctor.Blocks, f.Level)
	assert.Equal(t, "astro deployment update clx1 --dag-deploy enable", f.Remedy)
	w.doctor.Pipeline, w.target.Sources = &config.Pipeline{Dags: config.DagsGit}, nil
	assert.Equal(t, doctor.Warning, w.about("DAG deploys").Level)
	w.doctor.Pipeline.Dags = config.DagsElsewhere
	assert.Equal(t, doctor.Blocks, w.about("DAG deploys").Level)
}

func TestExamine_configuration(t *testing.T) {
	w := start(t)
	w.doctor.Pipeline = &config.Pipeline{Dags: config.DagsBucket, Deployments: map[string]string{"prod": "prod.yaml"}}
	assert.Contains(t, w.about("configuration").Message, "read the Deployment's configuration")
	for text, level := range map[string]doctor.Level{
		"deployment: {configuration: {ci_cd_enforcement: false}}": doctor.OK, "deployment: {configuration: {ci_cd_enforcement: true}}": doctor.Note,
		"deployment: {metadata: {deployment_id: another}}": doctor.Blocks, "deployment: {worker_queues: []}": doctor.Blocks, "deployment: [": doctor.Blocks,
	} {
		w.write("prod.yaml", text)
		assert.Equal(t, level, w.about("configuration").Level, text)
	}
}

func TestExamine_stateAndSources(t *testing.T) {
	w := start(t)
	require.NoError(t, os.Remove(filepath.Join(w.dir, "dags/etl.py")))
	assert.Equal(t, doctor.Warning, w.about("sources").Level)

	opened, err := w.doctor.Opener.Target(t.Context(), w.target)
	require.NoError(t, err)
	store := state.NewStore(opened.State, id, time.Now)
	nothing, err := store.Read(t.Context())
	require.NoError(t, err)
	_, err = store.Change(t.Context(), nothing, func(s *state.State) { s.Held = &state.Hold{By: "ann", Reason: "a freeze", At: time.Now()} })
	require.NoError(t, err)
	f := w.about("state")
	assert.Equal(t, doctor.Blocks, f.Level)
	assert.Contains(t, f.Message, "held by ann")
	assert.Contains(t, f.Message, "a freeze")

	w.target.Sources = []config.Source{{URL: "nfs://x/"}}
	assert.Contains(t, w.about("state").Message, `does not know "nfs://" addresses`)
}
