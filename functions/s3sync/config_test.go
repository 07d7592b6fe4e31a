package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/local/lambda"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/local/moto"
)

// The configuration is in a bucket and its token in Parameter Store; either is changed without a deploy of the function.
func TestFunction_configurationFromABucket(t *testing.T) {
	s := newStage(t)
	services, shared := moto.Shared(t), minio.Shared(t).Bucket(t)
	s.endpoints["AWS_ENDPOINT_URL_SSM"] = services.Endpoint
	s.change = func(o *lambda.Options) {
		delete(o.Env, "DAGFERRY_CONFIG")
		o.Env["DAGFERRY_CONFIG_FILE"] = "s3://" + s.states + "/conf/dagferry.yaml"
	}
	put := func(bucket, key, body string) {
		_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
		require.NoError(t, err)
	}
	parameters := ssm.NewFromConfig(services.Config())
	rotate := func(token string) {
		_, err := parameters.PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String("/dagferry/" + shared), Type: types.ParameterTypeSecureString, Value: &token, Overwrite: aws.Bool(true),
		})
		require.NoError(t, err)
	}
	configuration := fmt.Sprintf(`version: 1
targets:
  - name: prod
    sources:
      - url: s3://%s/prod/dags/
      - {url: s3://%s/, mount: shared/lib, region: us-east-1, expectedBucketOwner: "123456789012", requesterPays: true}
    deployment: %s
    token: ssm://dagferry/%s
    state: s3://%s/state/
    settle: 1ms
    runtime: {airflow: "3.1", python: "3.12"}
`, s.dags, shared, deployment, shared, s.states)
	put(s.states, "conf/dagferry.yaml", configuration)
	rotate(s.token)
	s.upload("a.py", "import airflow\n")
	put(shared, "dates.py", "X = 1\n")

	assert.Empty(t, s.invoke(sweep()).BatchItemFailures)
	assert.Equal(t, "a.py shared/lib/dates.py", s.live())

	put(s.states, "conf/dagferry.yaml", configuration+"    ignore: [a.py]\n")
	assert.Empty(t, s.invoke(sweep()).BatchItemFailures)
	assert.Equal(t, "shared/lib/dates.py", s.live())

	rotate("revoked")
	put(shared, "more.py", "X = 1\n")
	s.invoke(sweep())
	assert.Equal(t, "shared/lib/dates.py", s.live())
	rotate(s.sim.Token(astrotest.TokenOptions{}))
	assert.Empty(t, s.invoke(sweep()).BatchItemFailures)
	assert.Equal(t, "shared/lib/dates.py shared/lib/more.py", s.live())

	put(s.states, "conf/dagferry.yaml", strings.Replace(configuration, "ssm://dagferry/"+shared, "env://TOKEN", 1))
	_, err := s.tryInvoke(sweep())
	require.ErrorContains(t, err, "/conf/dagferry.yaml:8: targets[0].token: this configuration is from a bucket")
}

// What two sources both hold is told, and nothing of it is deployed.
func TestFunction_sourcesMayNotHoldTheSamePath(t *testing.T) {
	s := newStage(t)
	shared := minio.Shared(t).Bucket(t)
	s.change = func(o *lambda.Options) {
		o.Env["DAGFERRY_CONFIG"] = strings.Replace(s.configuration(), "sources: [", "sources: [{url: s3://"+shared+"/}, ", 1)
	}
	s.upload("a.py", "import airflow\n")
	s.upload("b.py", "import airflow\n")
	_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &shared, Key: aws.String("a.py"), Body: strings.NewReader("X = 1\n")})
	require.NoError(t, err)
	s.invoke(sweep())
	assert.Empty(t, s.live())
	assert.Contains(t, s.last().Reason, "s3://"+shared+"/a.py is the same path; two sources may not own one")
}
