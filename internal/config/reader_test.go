package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/local/minio"
)

func env(vars map[string]string) config.Env {
	return config.Env{Lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
}

// place is somewhere a configuration is kept, and how often it was asked for.
type place struct {
	text, version string
	asked         int
}

func (p *place) fetch(context.Context, string) ([]byte, string, error) {
	p.asked++
	return []byte(p.text), p.version, nil
}

func TestFunction_configurationFromOnePlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dagferry.yaml")
	require.NoError(t, os.WriteFile(path, []byte(whole), 0o600))
	kept := &place{text: whole, version: "1"}
	r := &config.Reader{Fetch: map[string]config.Fetch{"s3": kept.fetch, "ssm": kept.fetch}}
	for _, vars := range []map[string]string{
		{"DAGFERRY_CONFIG": whole},
		{"DAGFERRY_CONFIG_FILE": path},
		{"DAGFERRY_CONFIG_FILE": "s3://acme/dagferry.yaml"},
		{"DAGFERRY_CONFIG_FILE": "ssm:///dagferry/config"},
	} {
		c, err := r.Function(t.Context(), env(vars))
		require.NoError(t, err, "%v", vars)
		assert.Equal(t, "prod", c.Targets[0].Name)
	}
	for says, vars := range map[string]map[string]string{
		"(a path, s3://…, ssm://…)": nil,
		"keep one":                  {"DAGFERRY_CONFIG": whole, "DAGFERRY_CONFIG_FILE": path},
		`does not know "gs://"`:     {"DAGFERRY_CONFIG_FILE": "gs://acme/dagferry.yaml"},
		"no such file":              {"DAGFERRY_CONFIG_FILE": path + "x"},
	} {
		_, err := r.Function(t.Context(), env(vars))
		require.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, "read the configuration: ")
		assert.Equal(t, fault.Denied, fault.Of(err))
	}
}

func TestReader_readsAnewAndParsesWhatChanged(t *testing.T) {
	kept := &place{text: whole, version: "1"}
	r := &config.Reader{Fetch: map[string]config.Fetch{"s3": kept.fetch}}
	name := func(from string) string {
		c, err := r.Load(t.Context(), from)
		require.NoError(t, err)
		return c.Targets[0].Name
	}
	const from = "s3://acme/dagferry.yaml"
	assert.Equal(t, "prod", name(from))
	kept.text = strings.Replace(whole, "prod", "dev", 1)
	assert.Equal(t, "prod", name(from), "the version did not change, so it is not parsed")
	assert.Equal(t, "dev", name("s3://acme/other.yaml"), "versions are those of one place")
	kept.version = "2"
	assert.Equal(t, "dev", name(from))
	kept.text, kept.version = whole, ""
	assert.Equal(t, "prod", name(from))
	kept.text = strings.Replace(whole, "prod", "dev", 1)
	assert.Equal(t, "dev", name(from), "without a version nothing is known of changes")
	assert.Equal(t, 6, kept.asked, "each time")

	kept.text, kept.version = "version: 7\n", "3"
	for range 2 {
		_, err := r.Load(t.Context(), from)
		require.ErrorContains(t, err, "s3://acme/dagferry.yaml:1: version: ")
	}
}

func TestReader_errorsKeepTheirKind(t *testing.T) {
	r := &config.Reader{Fetch: map[string]config.Fetch{"s3": func(context.Context, string) ([]byte, string, error) {
		return nil, "", fault.As(fault.Transient, errors.New("SlowDown"))
	}}}
	_, err := r.Load(t.Context(), "s3://acme/dagferry.yaml")
	require.ErrorContains(t, err, "read the configuration: SlowDown")
	assert.Equal(t, fault.Transient, fault.Of(err))
}

func TestReader_bucketCannotNameWhatIsOnTheMachine(t *testing.T) {
	told(t, "testdata/bucket.txtar", func(name string, text []byte) (config.Config, error) {
		fetch := map[string]config.Fetch{}
		for _, scheme := range []string{"s3", "gs", "ssm"} {
			fetch[scheme] = (&place{text: string(text)}).fetch
		}
		r := &config.Reader{Fetch: fetch}
		_, err := r.Load(t.Context(), "ssm://config")
		require.NoError(t, err, "a parameter may, as what is inline may")
		_, err = config.Parse(name, text)
		require.NoError(t, err)
		_, err = r.Load(t.Context(), "gs://acme/"+name)
		require.Error(t, err)
		c, err := r.Load(t.Context(), "s3://acme/"+name)
		if err != nil { // the archive has names without buckets
			err = fault.As(fault.Of(err), errors.New(strings.ReplaceAll(err.Error(), "s3://acme/", "")))
		}
		return c, err
	})
}

func TestFromBucket(t *testing.T) {
	server := minio.Shared(t)
	name, cloud := server.Bucket(t), server.Config()
	folder, err := s3.Open(t.Context(), "s3://"+name+"/conf", s3.Options{Config: &cloud})
	require.NoError(t, err)
	require.NoError(t, folder.Put(t.Context(), "dagferry.yaml", []byte(whole)))
	require.NoError(t, folder.Put(t.Context(), "large.yaml", make([]byte, config.MaxSize+1)))
	r := &config.Reader{Fetch: map[string]config.Fetch{"s3": config.FromBucket(func(ctx context.Context, prefix string) (bucket.Bucket, error) {
		return s3.Open(ctx, prefix, s3.Options{Config: &cloud, MaxValue: config.MaxSize})
	})}}

	c, err := r.Load(t.Context(), "s3://"+name+"/conf/dagferry.yaml")
	require.NoError(t, err)
	assert.Equal(t, "prod", c.Targets[0].Name)
	changed := strings.Replace(whole, "prod", "dev", 1)
	require.NoError(t, folder.Put(t.Context(), "dagferry.yaml", []byte(changed)))
	c, err = r.Load(t.Context(), "s3://"+name+"/conf/dagferry.yaml")
	require.NoError(t, err)
	assert.Equal(t, "dev", c.Targets[0].Name)
	require.NoError(t, folder.Put(t.Context(), "dagferry.yaml", []byte("version: 2")))
	_, err = r.Load(t.Context(), "s3://"+name+"/conf/dagferry.yaml")
	require.ErrorContains(t, err, "s3://"+name+"/conf/dagferry.yaml:1: version: ")

	for url, says := range map[string]string{
		"s3://" + name + "/none.yaml":        "there is no object s3://" + name + "/none.yaml; put the dagferry.yaml there",
		"s3://" + name + "/conf/large.yaml":  "larger than 1048576 bytes",
		"s3://" + name + "-none/config.yaml": "does not exist",
		"s3://" + name:                       "names no object; write its whole address",
		"s3://" + name + "/conf/":            "names no object",
		"s3://a/config.yaml":                 "no name of a bucket",
	} {
		_, err := r.Load(t.Context(), url)
		require.ErrorContains(t, err, says)
		assert.Equal(t, fault.Denied, fault.Of(err), "%v", err)
	}
}
