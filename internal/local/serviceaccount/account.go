// Package serviceaccount makes Google service accounts for tests: a key's file, whose tokens come from a server of the
// test. No test needs an account of Google.
package serviceaccount

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// Use makes an account of a project the one that Google's default chain finds, until the test ends. The handler is asked
// for its tokens.
func Use(t *testing.T, project string, tokens http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(tokens)
	t.Cleanup(server.Close)
	file, err := file(project, server.URL)
	if err != nil {
		t.Fatalf("make a service account: %v", err)
	}
	install(t, file)
}

// Person makes a person's credentials, as gcloud keeps them, the ones that Google's default chain finds until the test ends.
func Person(t *testing.T) {
	t.Helper()
	install(t, []byte(`{"type": "authorized_user", "client_id": "id", "client_secret": "secret", "refresh_token": "token"}`))
}

func install(t *testing.T, file []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatalf("make Google credentials: %v", err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
}

func file(project, tokenURL string) ([]byte, error) {
	const bits = 2048 // the least that Google's library takes
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{
		"type": "service_account", "project_id": project, "private_key_id": "1", "token_uri": tokenURL,
		"client_email": "dagferry@" + project + ".iam.gserviceaccount.com",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
}

// Grant answers with a token.
func Grant(token string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600}) //nolint:errcheck // the asker may be gone
	}
}
