package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/local/moto"
)

// run runs the command line in this process.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, failed bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&failed)
	err := root.ExecuteContext(t.Context())
	if err != nil {
		fmt.Fprintln(&failed, err)
	}
	return exitCode(err), out.String(), failed.String()
}

func TestConfigValidate_fromABucketAndAParameter(t *testing.T) {
	store, services := minio.Shared(t), moto.Shared(t)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": store.Endpoint, "AWS_ENDPOINT_URL_SSM": services.Endpoint, "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": store.AccessKey, "AWS_SECRET_ACCESS_KEY": store.SecretKey, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	text := `version: 1
targets:
  - name: prod
    sources: [{url: s3://acme-dags/prod/}]
    deployment: clx1
    token: env://ASTRO_API_TOKEN
    state: s3://acme-dagferry/state/
`
	bucket := store.Bucket(t)
	put := func(text string) {
		_, err := store.Client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("conf/d.yaml"), Body: strings.NewReader(text)})
		require.NoError(t, err)
		_, err = ssm.NewFromConfig(services.Config()).PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String("/" + bucket + "/config"), Type: types.ParameterTypeSecureString, Value: &text, Overwrite: aws.Bool(true),
		})
		require.NoError(t, err)
	}
	object, parameter := "s3://"+bucket+"/conf/d.yaml", "ssm:///"+bucket+"/config"

	put(text)
	code, out, failed := run(t, "config", "validate", "--config", parameter)
	assert.Zero(t, code, failed)
	assert.Contains(t, out, parameter+" is in order")
	code, _, failed = run(t, "config", "validate", "--config", object)
	assert.Equal(t, 2, code)
	assert.Contains(t, failed, object+":6: targets[0].token: this configuration is from a bucket")

	put(strings.Replace(text, "env://ASTRO_API_TOKEN", "ssm://dagferry/prod", 1))
	code, out, failed = run(t, "config", "validate", "--config", object)
	assert.Zero(t, code, failed)
	assert.Contains(t, out, "ssm://dagferry/prod")

	for place, says := range map[string]string{
		object + "x":    "there is no object " + object + "x",
		parameter + "x": "Parameter Store has no parameter",
	} {
		code, _, failed = run(t, "config", "validate", "--config", place)
		assert.Equal(t, 4, code)
		assert.Contains(t, failed, says)
	}
}
