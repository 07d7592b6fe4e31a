package gcs

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for url, want := range map[string]location{
		"gs://acme":                {"acme", ""},
		"gs://acme/":               {"acme", ""},
		"gs://acme/dags":           {"acme", "dags/"},
		"gs://acme/prod/dags/":     {"acme", "prod/dags/"},
		"gs://acme.dags-1/a b+%2F": {"acme.dags-1", "a b+%2F/"},
		"gs://old_bucket/x":        {"old_bucket", "x/"},
	} {
		got, err := parse(url)
		require.NoError(t, err, url)
		assert.Equal(t, want, got, url)
	}
}

func TestParse_malformed(t *testing.T) {
	for _, url := range []string{
		"", "acme/dags", "s3://acme/dags", "https://storage.googleapis.com/acme/dags", "gs:/acme/dags", "gs://", "gs:///dags", "gs://a/dags",
		"gs://acme//dags", "gs://acme/dags//", "gs://user@acme/dags", "gs://acme:9000/dags", "gs://-acme/dags", "gs://Acme/dags",
		"gs://" + strings.Repeat("a", 223),
	} {
		_, err := parse(url)
		assert.Error(t, err, url)
		assert.ErrorContains(t, err, url)
	}
}

func TestLocation_url(t *testing.T) {
	at := location{"acme", "dags/"}
	assert.Equal(t, "gs://acme/dags/a b.py", at.url("a b.py"))
	assert.Equal(t, "gs://acme/dags/", at.url(""))
}
