package target_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

// opened is a target of a configuration, and the places that were opened for it.
func opened(t *testing.T, more string) (got syncer.Target, at []config.Source) {
	t.Helper()
	c, err := config.Parse("x", []byte(`version: 1
targets:
  - name: prod
    deployment: clx1
    token: env://TOKEN
    state: s3://s/state/
`+more))
	require.NoError(t, err)
	sim := astrotest.Start(t, astrotest.Options{})
	token := sim.Token(astrotest.TokenOptions{})
	o := target.Opener{
		Buckets: map[string]target.Open{"s3": func(_ context.Context, place config.Source) (bucket.Bucket, error) {
			at = append(at, place)
			return dir.Open(t.TempDir(), dir.Options{})
		}},
		Secrets:  secret.Local(func(string) (string, bool) { return token, true }),
		AstroURL: sim.URL(),
		Checks:   &target.Checks{},
	}
	got, err = o.Target(t.Context(), c.Targets[0])
	require.NoError(t, err)
	return got, at
}

func TestTarget_sourcesAreOpenedAsTheySay(t *testing.T) {
	got, at := opened(t, `    sources:
      - {url: s3://a/dags, mount: ml, region: eu-north-1, roleArn: "arn:aws:iam::123456789012:role/reader", expectedBucketOwner: "123456789012", requesterPays: true}
      - {url: s3://b/}
`)
	assert.Equal(t, []config.Source{
		{URL: "s3://s/state/"},
		{
			URL: "s3://a/dags/", Mount: "ml", Region: "eu-north-1", RoleARN: "arn:aws:iam::123456789012:role/reader",
			ExpectedBucketOwner: "123456789012", RequesterPays: true,
		},
		{URL: "s3://b/"},
	}, at)
	require.Len(t, got.Sources, 2)
	assert.Equal(t, "ml", got.Sources[0].Mount)
}

// TestTarget_rejectionsDependOnAllOfCheck, so that a changed setting is tried at once.
func TestTarget_rejectionsDependOnAllOfCheck(t *testing.T) {
	seen := map[string]string{}
	for _, check := range []string{
		"", "level: syntax", "exclude: [a]", "exclude: [a, b]", "rules: [{rule: DF306, severity: warn}]", "rules: [{rule: DF306, severity: warn, paths: [x]}]",
		"packages: [pandas]", "validator: https://v.example.com", "validator: https://v.example.com, strict: true", "onUnavailable: warn", "environment: [A=b]",
	} {
		got, _ := opened(t, "    sources: [{url: s3://b/}]\n    check: {"+check+"}\n")
		key := fmt.Sprint(got.Check.Settings)
		assert.Empty(t, seen[key], "%s is as %s", check, seen[key])
		seen[key] = "{" + check + "}"
	}
}
