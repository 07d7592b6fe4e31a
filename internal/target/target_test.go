package target_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/target"
)

func TestTarget_sourcesAreOpenedAsTheySay(t *testing.T) {
	c, err := config.Parse("x", []byte(`version: 1
targets:
  - name: prod
    sources:
      - {url: s3://a/dags, mount: ml, region: eu-north-1, roleArn: "arn:aws:iam::123456789012:role/reader", expectedBucketOwner: "123456789012", requesterPays: true}
      - {url: s3://b/}
    deployment: clx1
    token: env://TOKEN
    state: s3://s/state/
`))
	require.NoError(t, err)
	sim := astrotest.Start(t, astrotest.Options{})
	token := sim.Token(astrotest.TokenOptions{})
	var opened []config.Source
	o := target.Opener{
		Buckets: map[string]target.Open{"s3": func(_ context.Context, at config.Source) (bucket.Bucket, error) {
			opened = append(opened, at)
			return dir.Open(t.TempDir(), dir.Options{})
		}},
		Secrets:  secret.Local(func(string) (string, bool) { return token, true }),
		AstroURL: sim.URL(),
		Checks:   &target.Checks{},
	}
	got, err := o.Target(t.Context(), c.Targets[0])
	require.NoError(t, err)
	assert.Equal(t, []config.Source{
		{URL: "s3://s/state/"},
		{
			URL: "s3://a/dags/", Mount: "ml", Region: "eu-north-1", RoleARN: "arn:aws:iam::123456789012:role/reader",
			ExpectedBucketOwner: "123456789012", RequesterPays: true,
		},
		{URL: "s3://b/"},
	}, opened)
	require.Len(t, got.Sources, 2)
	assert.Equal(t, "ml", got.Sources[0].Mount)
}
