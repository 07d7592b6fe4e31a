package secretsmanager_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/local/moto"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/secret/secretsmanager"
)

func TestResolve_secretsManager(t *testing.T) {
	config := moto.Shared(t).Config()
	client := api.NewFromConfig(config)
	made, err := client.CreateSecret(t.Context(), &api.CreateSecretInput{Name: aws.String("dagferry/prod"), SecretString: aws.String("s3cr3t\n")})
	require.NoError(t, err)
	_, err = client.CreateSecret(t.Context(), &api.CreateSecretInput{Name: aws.String("object"), SecretString: aws.String(`{"token": "inner", "n": 7}`)})
	require.NoError(t, err)
	_, err = client.CreateSecret(t.Context(), &api.CreateSecretInput{Name: aws.String("binary"), SecretBinary: []byte{1}})
	require.NoError(t, err)
	r := secret.Resolver{secretsmanager.Scheme: secretsmanager.New(config)}

	for reference, want := range map[string]string{
		"secretsmanager://dagferry/prod": "s3cr3t",
		"secretsmanager://" + *made.ARN:  "s3cr3t",
		"secretsmanager://object#token":  "inner",
	} {
		v, err := r.Resolve(t.Context(), reference)
		require.NoError(t, err)
		assert.Equal(t, want, v.Reveal())
	}
	for reference, says := range map[string]string{
		"secretsmanager://nowhere":             `no secret "nowhere"`,
		"secretsmanager://object#other":        `the key "other"`,
		"secretsmanager://object#n":            `the key "n"`,
		"secretsmanager://binary":              "binary",
		"secretsmanager://dagferry/prod#token": "no JSON object",
	} {
		_, err := r.Resolve(t.Context(), reference)
		require.ErrorContains(t, err, says)
		assert.Equal(t, fault.Denied, fault.Of(err), "%v", err)
		assert.NotContains(t, err.Error(), "s3cr3t")
		assert.NotContains(t, err.Error(), "inner")
	}
}
