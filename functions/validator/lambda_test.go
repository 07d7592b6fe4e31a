package validator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/lambda"
	client "github.com/dagferry/dagferry/internal/parse/validator"
	adapter "github.com/dagferry/dagferry/internal/parse/validator/lambda"
)

// AWS's own runtime client runs the handler, and the SDK invokes it, each against what is Lambda here.
func TestLambda(t *testing.T) {
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	require.NoError(t, os.WriteFile(bootstrap, []byte("#!/bin/sh\nexec env PYTHONPATH="+here(t)+":"+runtimeClient(t)+" PYTHONDONTWRITEBYTECODE=1 "+python(t)+
		" -m awslambdaric dagferry_validator.aws.handler\n"), 0o700))
	function, err := lambda.New(lambda.Options{Path: bootstrap, Name: "validator", Timeout: 2 * time.Minute, SecretKey: credential, AccessKey: "key", MaxInstances: 1})
	require.NoError(t, err)
	t.Cleanup(function.Close)
	service := httptest.NewServer(invocations(function))
	t.Cleanup(service.Close)
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &service.URL, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")}

	to := adapter.New(cfg, function.ARN())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for range 2 { // cold and warm
		a, err := client.Import(ctx, to, tree(), files(), client.Options{})
		require.NoError(t, err)
		judged(t, a)
	}
	b, depot := s3Depot(t)
	a, err := client.Import(ctx, to, large(6<<20), files(), client.Options{Depot: depot})
	require.NoError(t, err)
	judgedByURL(t, a)
	assert.Equal(t, 1, b.Requests()["put"], "it was too large for the event")
	_, err = to.Call(ctx, []byte(`"no request"`))
	require.NoError(t, err)

	function.KillAll()
	t.Run("one that dies is unavailable", func(t *testing.T) {
		require.NoError(t, os.WriteFile(bootstrap, []byte("#!/bin/sh\nexit 3\n"), 0o700))
		_, err := client.Import(ctx, to, tree(), files(), client.Options{})
		var unavailable *client.UnavailableError
		require.ErrorAs(t, err, &unavailable)
		assert.ErrorContains(t, err, "the function failed: Runtime.ExitError")
	})
}

// runtimeClient is where awslambdaric is installed.
func runtimeClient(t *testing.T) string {
	dir, err := filepath.Abs(filepath.Join("..", "..", ".cache", "lambdaric"))
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(dir, "awslambdaric"), "run `make tools`")
	return dir
}

// invocations is Lambda's action Invoke, for one function.
func invocations(f *lambda.Function) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := f.Invoke(r.Context(), payload)
		if failure := (*lambda.FunctionError)(nil); errors.As(err, &failure) {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			answer, _ = json.Marshal(failure)
		} else if err != nil {
			http.Error(w, err.Error(), http.StatusTooManyRequests)
			return
		}
		_, _ = w.Write(answer)
	})
	return mux
}
