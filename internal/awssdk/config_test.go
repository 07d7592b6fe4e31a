package awssdk_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/local/moto"
)

func TestConfig_defaults(t *testing.T) {
	clean(t, "AWS_REGION", "eu-west-1")
	cfg, err := awssdk.Config(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, "eu-west-1", cfg.Region)
	assert.Equal(t, 5, cfg.RetryMaxAttempts)
	assert.Equal(t, aws.RetryModeStandard, cfg.RetryMode)
	assert.Nil(t, cfg.BaseEndpoint)
	cfg, err = awssdk.Config(t.Context(), "eu-north-1")
	require.NoError(t, err)
	assert.Equal(t, "eu-north-1", cfg.Region)
}

func TestConfig_theEnvironmentOverrules(t *testing.T) {
	clean(t, "AWS_RETRY_MODE", "adaptive", "AWS_MAX_ATTEMPTS", "9", "AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
	cfg, err := awssdk.Config(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, aws.RetryModeAdaptive, cfg.RetryMode)
	assert.Equal(t, 9, cfg.RetryMaxAttempts)
	assert.Equal(t, "http://127.0.0.1:9000", *cfg.BaseEndpoint)
}

func TestConfig_brokenFileIsDenied(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte("[default"), 0o600))
	clean(t, "AWS_CONFIG_FILE", file, "AWS_PROFILE", "none")
	_, err := awssdk.Config(t.Context(), "")
	require.Error(t, err)
	assert.Equal(t, fault.Denied, fault.Of(err))
}

func TestAssumeRole(t *testing.T) {
	clean(t)
	cfg := moto.Shared(t).Config()
	assumed := awssdk.AssumeRole(cfg, "arn:aws:iam::123456789012:role/reader", "dagferry")
	got, err := assumed.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, got.SessionToken)
	_, err = secretsmanager.NewFromConfig(assumed).ListSecrets(t.Context(), nil)
	require.NoError(t, err)
}
