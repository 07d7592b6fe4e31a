package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/local/fakegcs"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/parse/embedded"

	"strings"
)

// One Deployment's DAGs from both clouds and a folder, with the state in Cloud Storage: the command line knows them all.
func TestSync_sourcesAcrossClouds(t *testing.T) {
	google, amazon := fakegcs.Shared(t), minio.Shared(t)
	gs, state, aws3 := google.Bucket(t), google.Bucket(t), amazon.Bucket(t)
	google.Upload(t, gs, "dags/google.py", []byte("G = 1\n"))
	_, err := amazon.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &aws3, Key: aws.String("dags/amazon.py"), Body: strings.NewReader("A = 1\n")})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "dags"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dags", "local.py"), []byte("L = 1\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dagferry.yaml"), fmt.Appendf(nil, `version: 1
targets:
  - name: prod
    sources:
      - {url: gs://%s/dags/, mount: google}
      - {url: s3://%s/dags/, mount: amazon}
      - {url: file://%s/dags/}
    deployment: clx1
    token: env://ASTRO_API_TOKEN
    state: gs://%s/state/
    settle: 1ms
    runtime: {airflow: "3.1", python: "3.12"}
`, gs, aws3, dir, state), 0o600))
	python, err := embedded.Interpreter()
	require.NoError(t, err)
	sim := astrotest.Start(t, astrotest.Options{})
	program := built(t)
	sync := func() (outcome struct{ Outcome string }) {
		cmd := exec.Command(program, "sync", "--json")
		cmd.Dir = dir
		cmd.Env = append(amazon.Env(), "STORAGE_EMULATOR_HOST="+google.Endpoint, "ASTRO_API_URL="+sim.URL(), "HOME="+dir,
			"ASTRO_API_TOKEN="+sim.Token(astrotest.TokenOptions{}), "DAGFERRY_PYTHON="+python)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NoError(t, json.Unmarshal(out, &outcome), "%s", out)
		return outcome
	}
	assert.Equal(t, "deployed", sync().Outcome)
	var live []string
	for _, f := range sim.Live("clx1") {
		live = append(live, f.Path)
	}
	assert.Equal(t, []string{"amazon/amazon.py", "google/google.py", "local.py"}, live)
	assert.Equal(t, "unchanged", sync().Outcome)
}
