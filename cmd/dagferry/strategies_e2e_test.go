package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/local/engine"
	"github.com/dagferry/dagferry/internal/local/moto"
	"github.com/dagferry/dagferry/internal/local/s3server"
)

// runtimeName is what the Dockerfiles of docs/strategies begin with.
const runtimeName = "astrocrpublic.azurecr.io/runtime:3.1-12"

// TestStrategies plays what the READMEs of docs/strategies say, with those repositories as they stand there: their state is in a bucket, their secrets
// are in Secrets Manager, and their image begins with a Runtime's stand-in, which takes the project in as a Runtime does. It has
// no Python: the projects' tests are run by one of this machine that has Airflow.
func TestStrategies(t *testing.T) {
	if !*played {
		t.Skip("make e2e-pipeline runs it")
	}
	builder := engine.Start(t, "buildah")
	standIn(t, builder)
	python := filepath.Join(checkout(t), ".cache", "venv", "pytest", "bin", "python")
	require.FileExists(t, python, "run `make tools`")
	secrets := moto.Start(t)
	keep(t, secrets, map[string]string{
		"acme/prod/warehouse": "prod's", "acme/dev/warehouse": "dev's",
		"dagferry/prod": astrotest.Token(astrotest.TokenOptions{Deployment: "clx4prod"}),
	})
	play(t, "testdata/strategies", builder, -1, func(e *testscript.Env) error {
		objects, err := s3server.New(s3server.Options{Buckets: []string{"acme-dagferry", "acme-dags"}})
		if err != nil {
			return err
		}
		if err := objects.Start(""); err != nil {
			return err
		}
		e.Defer(func() { _ = objects.Close() }) // nobody listens any more
		e.Vars = append(e.Vars, secrets.Env()...)
		e.Setenv("PYTEST", python)
		e.Setenv("ASTRO_API_TOKEN", "")
		e.Setenv("AWS_ENDPOINT_URL_S3", objects.URL())
		return os.CopyFS(e.WorkDir, os.DirFS(strategies))
	})
}

// standIn makes an image by the name of a Runtime, so that none is fetched.
func standIn(t *testing.T, builder *engine.Engine) {
	t.Helper()
	dir := t.TempDir()
	engine.Write(t, dir, "Dockerfile", "FROM "+builder.Runtime(t, "3.1-12")+"\nONBUILD COPY . /usr/local/airflow\n")
	builder.Run(t, "build", "--format=docker", "--tag="+runtimeName, dir)
}

// keep puts secrets into Secrets Manager.
func keep(t *testing.T, server *moto.Server, secrets map[string]string) {
	t.Helper()
	client := secretsmanager.NewFromConfig(server.Config())
	for name, value := range secrets {
		_, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(name), SecretString: &value})
		require.NoError(t, err)
	}
}

// upload is a script's "upload FILE BUCKET/KEY", as an author does it.
func upload(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	request, err := http.NewRequest(http.MethodPut, ts.Getenv("AWS_ENDPOINT_URL_S3")+"/"+args[1], bytes.NewReader(text))
	ts.Check(err)
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	ts.Check(answer.Body.Close())
	if answer.StatusCode != http.StatusOK {
		ts.Check(fmt.Errorf("upload %s: %s", args[1], answer.Status))
	}
}
