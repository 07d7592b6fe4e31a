package gcs_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/local/serviceaccount"
)

// fake-gcs-server reads by such a URL, and looks at none of its signature: what it shows is that the URL leads to the object.
func TestPresign_readsAnObjectUntilItIsRemoved(t *testing.T) {
	serviceaccount.Use(t, "acme", serviceaccount.Grant("token"))
	s := open(t)
	b := s.at(t, "state/", gcs.Options{})
	require.NoError(t, b.Put(t.Context(), "clx/validator/a", []byte("bundle")))
	signed, err := b.Presign(t.Context(), "clx/validator/a", 5*time.Minute)
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", signed, signed, signed, signed), "Signature", "it is no text by accident")
	at := parsed(t, signed.Reveal())
	assert.Contains(t, []string{"300", "299"}, at.Query().Get("X-Goog-Expires"), "counted from now on, in whole seconds")
	assert.Equal(t, "GOOG4-RSA-SHA256", at.Query().Get("X-Goog-Algorithm"))
	assert.True(t, strings.HasPrefix(at.Query().Get("X-Goog-Credential"), "dagferry@acme.iam.gserviceaccount.com/"))

	status, said := get(t, signed.Reveal())
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "bundle", said)
	require.NoError(t, b.Remove(t.Context(), "clx/validator/a"))
	status, _ = get(t, signed.Reveal())
	assert.Equal(t, http.StatusNotFound, status)
	require.NoError(t, b.Remove(t.Context(), "clx/validator/a"), "it is gone already")
	_, err = b.Get(t.Context(), "clx/validator/a")
	require.ErrorIs(t, err, bucket.ErrNotExist)
	assert.Equal(t, 2, b.Requests()["delete"])
}

// The account of a function has no key: IAM signs, asked with the token that the metadata server gives for that, and what it
// signs is what Cloud Storage will compare.
func TestPresign_bySignBlob(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	var payload []byte
	iam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/v1/projects/-/serviceAccounts/run@acme.iam.gserviceaccount.com:signBlob", r.URL.Path)
		assert.Equal(t, "Bearer for-https://www.googleapis.com/auth/cloud-platform", r.Header.Get("Authorization"))
		var asked struct{ Payload []byte }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&asked))
		payload = asked.Payload
		digest := sha256.Sum256(payload)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		assert.NoError(t, err)
		_, _ = fmt.Fprintf(w, `{"keyId": "1", "signedBlob": %q}`, base64.StdEncoding.EncodeToString(signature))
	}))
	t.Cleanup(iam.Close)
	metadata(t, "run@acme.iam.gserviceaccount.com")
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	b, err := gcs.Open(t.Context(), "gs://acme-state/state/", gcs.Options{IAM: iam.URL})
	require.NoError(t, err)

	signed, err := b.Presign(t.Context(), "clx/validator/a", time.Minute)
	require.NoError(t, err)
	at := parsed(t, signed.Reveal())
	assert.Equal(t, "https://storage.googleapis.com/acme-state/state/clx/validator/a", at.Scheme+"://"+at.Host+at.Path)
	assert.True(t, strings.HasPrefix(at.Query().Get("X-Goog-Credential"), "run@acme.iam.gserviceaccount.com/"))
	signature, err := hex.DecodeString(at.Query().Get("X-Goog-Signature"))
	require.NoError(t, err)
	digest := sha256.Sum256(payload)
	require.NoError(t, rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature))
	assert.True(t, strings.HasPrefix(string(payload), "GOOG4-RSA-SHA256\n"), "V4's string to sign")
}

func TestPresign_refusals(t *testing.T) {
	iam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error": {"code": 403, "message": "Permission 'iam.serviceAccounts.signBlob' denied", "status": "PERMISSION_DENIED"}}`)
	}))
	t.Cleanup(iam.Close)
	metadata(t, "run@acme.iam.gserviceaccount.com")
	b := open(t).at(t, "", gcs.Options{IAM: iam.URL})
	_, err := b.Presign(t.Context(), "a", time.Minute)
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, "sign as run@acme.iam.gserviceaccount.com: it needs roles/iam.serviceAccountTokenCreator on itself")

	serviceaccount.Person(t)
	_, err = b.Presign(t.Context(), "a", time.Minute)
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, "sign a URL of "+b.URL("a"))
	assert.ErrorContains(t, err, "(authorized_user) are of no service account")
}

func get(t *testing.T, url string) (status int, said string) {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	at, err := url.Parse(text)
	require.NoError(t, err)
	return at
}

// metadata makes this machine one of Google's with an account, until the test ends. A token says what it is for.
func metadata(t *testing.T, email string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			_, _ = fmt.Fprintf(w, `{"access_token": %q, "token_type": "Bearer", "expires_in": 3600}`, "for-"+r.URL.Query().Get("scopes"))
		case strings.HasSuffix(r.URL.Path, "/email"):
			_, _ = io.WriteString(w, email)
		case strings.HasSuffix(r.URL.Path, "/universe-domain"):
			_, _ = io.WriteString(w, "googleapis.com")
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(server.URL, "http://"))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("HOME", t.TempDir())
}
