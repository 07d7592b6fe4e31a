package secretmanager_test

import (
	"context"
	"hash/crc32"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/local/serviceaccount"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/secret/secretmanager"
)

// vault is Secret Manager with one project, as far as reading goes. Its refusals are worded as the real one's.
type vault struct {
	secretmanagerpb.UnimplementedSecretManagerServiceServer
	versions map[string]string
	refuse   func() error
	damage   int64
}

func (v *vault) AccessSecretVersion(_ context.Context, r *secretmanagerpb.AccessSecretVersionRequest) (*secretmanagerpb.AccessSecretVersionResponse, error) {
	if v.refuse != nil {
		if err := v.refuse(); err != nil {
			return nil, err
		}
	}
	text, ok := v.versions[r.Name]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "Secret [%s] not found or has no versions.", r.Name)
	}
	sum := int64(crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli))) + v.damage
	return &secretmanagerpb.AccessSecretVersionResponse{
		Name: r.Name, Payload: &secretmanagerpb.SecretPayload{Data: []byte(text), DataCrc32C: &sum},
	}, nil
}

// serve starts the vault in this process, and returns how it is reached.
func (v *vault) serve(t *testing.T) secretmanager.Options {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	secretmanagerpb.RegisterSecretManagerServiceServer(server, v)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return secretmanager.Options{Endpoint: listener.Addr().String()}
}

func filled() *vault {
	return &vault{versions: map[string]string{
		"projects/acme/secrets/token/versions/latest":  "s3cr3t\n",
		"projects/acme/secrets/token/versions/1":       "0ld",
		"projects/acme/secrets/token/versions/stable":  "st4ble",
		"projects/acme/secrets/object/versions/latest": `{"token": "inner", "n": 7}`,
		"projects/acme/secrets/binary/versions/latest": "\xff\x00",
		"projects/other/secrets/token/versions/latest": "0ther",
	}}
}

func TestResolve_secretManager(t *testing.T) {
	t.Setenv("GOOGLE_CLOUD_PROJECT", "acme")
	r := secret.Resolver{secretmanager.Scheme: secretmanager.New(filled().serve(t))}
	for reference, want := range map[string]string{
		"gcp-secret://projects/acme/secrets/token":                 "s3cr3t",
		"gcp-secret://projects/acme/secrets/token/versions/latest": "s3cr3t",
		"gcp-secret://projects/acme/secrets/token/versions/1":      "0ld",
		"gcp-secret://projects/acme/secrets/token/versions/stable": "st4ble",
		"gcp-secret://projects/acme/secrets/object#token":          "inner",
		"gcp-secret://projects/other/secrets/token":                "0ther",
		"gcp-secret://token":                                        "s3cr3t",
		"gcp-secret://token/versions/1":                             "0ld",
		"gcp-secret://object#token":                                 "inner",
		"gcp-secret://projects/acme/secrets/object/versions/latest": `{"token": "inner", "n": 7}`,
	} {
		v, err := r.Resolve(t.Context(), reference)
		require.NoError(t, err, reference)
		assert.Equal(t, want, v.Reveal(), reference)
	}
	for reference, says := range map[string]string{
		"gcp-secret://projects/acme/secrets/nowhere":                  "no secret projects/acme/secrets/nowhere with a version latest",
		"gcp-secret://token/versions/9":                               "no secret projects/acme/secrets/token with a version 9",
		"gcp-secret://object#other":                                   `the key "other"`,
		"gcp-secret://object#n":                                       `the key "n"`,
		"gcp-secret://binary":                                         "binary",
		"gcp-secret://token#token":                                    "no JSON object",
		"gcp-secret://projects/acme/locations/europe-west1/secrets/t": "such as projects/acme/secrets/t",
		"gcp-secret://projects/acme/token":                            "no name of a secret; write projects/<project>/secrets/<name>",
		"gcp-secret://projects//secrets/token":                        "no name of a secret",
		"gcp-secret://acme/secrets/token":                             "no name of a secret",
		"gcp-secret://token/versions/":                                "no name of a secret",
		"gcp-secret://token/versions/1/2":                             "no name of a secret",
		"gcp-secret://#token":                                         "no name of a secret",
	} {
		_, err := r.Resolve(t.Context(), reference)
		require.ErrorContains(t, err, says, reference)
		assert.Equal(t, fault.Denied, fault.Of(err), "%v", err)
		assert.NotContains(t, err.Error(), "s3cr3t")
		assert.NotContains(t, err.Error(), "inner")
	}
}

func TestResolve_withoutAProject(t *testing.T) {
	t.Setenv("GOOGLE_CLOUD_PROJECT", "")
	r := secret.Resolver{secretmanager.Scheme: secretmanager.New(filled().serve(t))}
	_, err := r.Resolve(t.Context(), "gcp-secret://token")
	require.ErrorContains(t, err, "set GOOGLE_CLOUD_PROJECT, or write projects/<project>/secrets/token")
	assert.Equal(t, fault.Denied, fault.Of(err))
}

// The words are the real Secret Manager's.
func TestResolve_refusals(t *testing.T) {
	for _, tc := range []struct {
		code codes.Code
		text string
		kind fault.Kind
		says string
	}{
		{codes.PermissionDenied, "Permission 'secretmanager.versions.access' denied for resource 'projects/acme/secrets/token/versions/latest' (or it may not exist).",
			fault.Denied, "takes roles/secretmanager.secretAccessor"},
		{codes.FailedPrecondition, "Secret Version [projects/1/secrets/token/versions/1] is in DISABLED state.", fault.Denied, "is disabled or destroyed: enable it"},
		{codes.Unauthenticated, "Request had invalid authentication credentials.", fault.Denied, "invalid authentication"},
		{codes.InvalidArgument, "The provided Secret Version ID [x] does not match the expected format", fault.Denied, "no name of a version"},
		{codes.Internal, "An internal error has occurred.", fault.Transient, "internal error"},
	} {
		v := filled()
		v.refuse = func() error { return status.Error(tc.code, tc.text) }
		r := secret.Resolver{secretmanager.Scheme: secretmanager.New(v.serve(t))}
		_, err := r.Resolve(t.Context(), "gcp-secret://projects/acme/secrets/token")
		require.ErrorContains(t, err, tc.says)
		assert.ErrorContains(t, err, tc.text)
		assert.ErrorContains(t, err, "read the secret gcp-secret://projects/acme/secrets/token: ")
		assert.Equal(t, tc.kind, fault.Of(err), err)
	}
}

func TestResolve_whatPassesIsTriedAgain(t *testing.T) {
	v, asked := filled(), 0
	v.refuse = func() error {
		if asked++; asked < 3 {
			return status.Error(codes.Unavailable, "The service is currently unavailable.")
		}
		return nil
	}
	r := secret.Resolver{secretmanager.Scheme: secretmanager.New(v.serve(t))}
	got, err := r.Resolve(t.Context(), "gcp-secret://projects/acme/secrets/token")
	require.NoError(t, err)
	assert.Equal(t, "s3cr3t", got.Reveal())
	assert.Equal(t, 3, asked)
}

func TestResolve_awayIsTransient(t *testing.T) {
	v := filled()
	v.refuse = func() error { return status.Error(codes.Unavailable, "The service is currently unavailable.") }
	for name, o := range map[string]secretmanager.Options{"busy": v.serve(t), "nobody there": {Endpoint: "127.0.0.1:1"}} {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := secretmanager.New(o)(ctx, "projects/acme/secrets/token")
		require.Error(t, err, name)
		assert.Equal(t, fault.Transient, fault.Of(err), err)
	}
}

func TestResolve_damagedOnItsWay(t *testing.T) {
	v := filled()
	v.damage = 1
	_, err := secretmanager.New(v.serve(t))(t.Context(), "projects/acme/secrets/token")
	require.ErrorContains(t, err, "damaged")
	assert.Equal(t, fault.Transient, fault.Of(err))
}

func TestDocument(t *testing.T) {
	fetch := secretmanager.Document(filled().serve(t))
	text, version, err := fetch(t.Context(), "gcp-secret://projects/acme/secrets/object")
	require.NoError(t, err)
	assert.Equal(t, `{"token": "inner", "n": 7}`, string(text))
	assert.NotEmpty(t, version)
	_, _, err = fetch(t.Context(), "gcp-secret://projects/acme/secrets/none")
	require.ErrorContains(t, err, "read gcp-secret://projects/acme/secrets/none: Secret Manager has no secret")
	assert.Equal(t, fault.Denied, fault.Of(err))
}

// The token comes first, so that a token server that is away is not taken for a refusal.
func TestResolve_credentials(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	_, err := secretmanager.New(secretmanager.Options{})(t.Context(), "projects/acme/secrets/token")
	require.ErrorContains(t, err, "no Google credentials")
	assert.Equal(t, fault.Denied, fault.Of(err))

	for answer, want := range map[int]fault.Kind{http.StatusBadRequest: fault.Denied, http.StatusServiceUnavailable: fault.Transient} {
		serviceaccount.Use(t, "acme", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(answer) })
		_, err := secretmanager.New(secretmanager.Options{})(t.Context(), "projects/acme/secrets/token")
		require.Error(t, err)
		assert.Equal(t, want, fault.Of(err), err)
	}
}
