package s3

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for url, want := range map[string]location{
		"s3://acme":                {"acme", ""},
		"s3://acme/":               {"acme", ""},
		"s3://acme/dags":           {"acme", "dags/"},
		"s3://acme/prod/dags/":     {"acme", "prod/dags/"},
		"s3://acme.dags-1/a b+%2F": {"acme.dags-1", "a b+%2F/"},
		"s3://Old_Bucket/x":        {"Old_Bucket", "x/"},
	} {
		got, err := parse(url)
		require.NoError(t, err, url)
		assert.Equal(t, want, got, url)
	}
}

func TestParse_malformed(t *testing.T) {
	for _, url := range []string{
		"", "acme/dags", "gs://acme/dags", "https://acme.s3.amazonaws.com/dags", "s3:/acme/dags", "s3://", "s3:///dags", "s3://a/dags",
		"s3://acme//dags", "s3://acme/dags//", "s3://user@acme/dags", "s3://acme:9000/dags", "s3://-acme/dags",
		"s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/dags/x",
	} {
		_, err := parse(url)
		assert.Error(t, err, url)
		assert.ErrorContains(t, err, url)
	}
}

func TestLocation_url(t *testing.T) {
	at := location{"acme", "dags/"}
	assert.Equal(t, "s3://acme/dags/a b.py", at.url("a b.py"))
	assert.Equal(t, "s3://acme/dags/", at.url(""))
}
