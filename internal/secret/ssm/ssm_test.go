package ssm_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/local/moto"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/secret/ssm"
)

func put(t *testing.T, client *api.Client, name string, kind types.ParameterType, value string) {
	t.Helper()
	_, err := client.PutParameter(t.Context(), &api.PutParameterInput{
		Name: &name, Type: kind, Value: &value, Overwrite: aws.Bool(true),
	})
	require.NoError(t, err)
}

func TestResolve_parameters(t *testing.T) {
	config := moto.Shared(t).Config()
	client := api.NewFromConfig(config)
	put(t, client, "plain-name", types.ParameterTypeSecureString, "s3cr3t-1\n")
	put(t, client, "/dagferry/prod", types.ParameterTypeSecureString, "old")
	put(t, client, "/dagferry/prod", types.ParameterTypeSecureString, "s3cr3t-2")
	put(t, client, "/text", types.ParameterTypeString, "s3cr3t-3")
	put(t, client, "/list", types.ParameterTypeStringList, "s3cr3t-4,b")
	r := secret.Resolver{ssm.Scheme: ssm.New(config)}

	for reference, want := range map[string]string{
		"ssm://plain-name":       "s3cr3t-1",
		"ssm:///dagferry/prod":   "s3cr3t-2",
		"ssm://dagferry/prod":    "s3cr3t-2",
		"ssm:///dagferry/prod:1": "old",
		"ssm:///text":            "s3cr3t-3",
	} {
		v, err := r.Resolve(t.Context(), reference)
		require.NoError(t, err, reference)
		assert.Equal(t, want, v.Reveal(), reference)
	}
	for reference, says := range map[string]string{
		"ssm://nowhere":          `no parameter "nowhere"`,
		"ssm://no/where":         `no parameter "/no/where"`,
		"ssm:///dagferry/prod:9": `no parameter "/dagferry/prod:9"`,
		"ssm:///list":            "SecureString",
	} {
		_, err := r.Resolve(t.Context(), reference)
		require.ErrorContains(t, err, says)
		assert.Equal(t, fault.Denied, fault.Of(err), "%v", err)
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
}

func TestResolve_rotatedParameterIsReadAtOnce(t *testing.T) {
	config := moto.Shared(t).Config()
	client := api.NewFromConfig(config)
	r := secret.Resolver{ssm.Scheme: ssm.New(config)}
	for _, token := range []string{"first", "second"} {
		put(t, client, "/rotated", types.ParameterTypeSecureString, token)
		v, err := r.Resolve(t.Context(), "ssm:///rotated")
		require.NoError(t, err)
		assert.Equal(t, token, v.Reveal())
	}
}

// What moto never says: refusals, as AWS words them.
func TestResolve_refusals(t *testing.T) {
	for name, tc := range map[string]struct {
		status     int
		code, text string
		want       fault.Kind
		says       string
	}{
		"not allowed":    {400, "AccessDeniedException", "User: x is not authorized to perform: ssm:GetParameter on resource: y", fault.Denied, "ssm:GetParameter"},
		"key hidden":     {400, "AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access. (Service: AWSKMS)", fault.Denied, "allow kms:Decrypt"},
		"key denied":     {400, "AccessDeniedException", "User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-north-1:123456789012:key/1", fault.Denied, "it must be enabled, and allow kms:Decrypt"},
		"key invalid":    {400, "InvalidKeyId", "arn:aws:kms:eu-north-1:123456789012:key/1 is disabled.", fault.Denied, "must be enabled"},
		"malformed":      {400, "ValidationException", "Invalid parameter name", fault.Denied, "Invalid parameter name"},
		"expired":        {400, "ExpiredTokenException", "The security token is expired", fault.Denied, "expired"},
		"throttled":      {400, "ThrottlingException", "Rate exceeded", fault.Transient, "Rate exceeded"},
		"out of order":   {500, "InternalServerError", "An error occurred", fault.Transient, "An error occurred"},
		"unknown, by it": {400, "ParameterNotFound", "", fault.Denied, `no parameter "/p"`},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, `{"__type":"`+tc.code+`","message":"`+tc.text+`"}`)
			}))
			defer server.Close()
			config := aws.Config{Region: "eu-north-1", Credentials: aws.AnonymousCredentials{}, BaseEndpoint: &server.URL, RetryMaxAttempts: 1}
			_, err := secret.Resolver{ssm.Scheme: ssm.New(config)}.Resolve(t.Context(), "ssm:///p")
			require.ErrorContains(t, err, tc.says)
			assert.ErrorContains(t, err, "read the secret ssm:///p: ")
			assert.Equal(t, tc.want, fault.Of(err), "%v", err)
		})
	}
}

func TestDocument_versionChangesWithTheText(t *testing.T) {
	config := moto.Shared(t).Config()
	client := api.NewFromConfig(config)
	read := ssm.Document(config)
	seen := map[string]string{}
	for _, text := range []string{"version: 1\n", "version: 2\n", "version: 3\n"} {
		put(t, client, "/config", types.ParameterTypeString, text)
		got, version, err := read(t.Context(), "ssm:///config")
		require.NoError(t, err)
		assert.Equal(t, text, string(got))
		_, again, err := read(t.Context(), "ssm:///config")
		require.NoError(t, err)
		assert.Equal(t, version, again)
		assert.NotContains(t, seen, version)
		seen[version] = text
	}
	_, err := client.DeleteParameter(t.Context(), &api.DeleteParameterInput{Name: aws.String("/config")})
	require.NoError(t, err)
	_, _, err = read(t.Context(), "ssm:///config")
	require.ErrorContains(t, err, `read ssm:///config: Parameter Store has no parameter "/config"`)
	assert.Equal(t, fault.Denied, fault.Of(err))
	put(t, client, "/config", types.ParameterTypeString, "made anew")
	_, version, err := read(t.Context(), "ssm:///config")
	require.NoError(t, err)
	assert.NotContains(t, seen, version, "one that is made anew begins at 1 again")
}
