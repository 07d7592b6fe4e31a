package cloudrun_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse/validator/cloudrun"
)

// The metadata server of a function makes the token, for the service and nobody else.
func TestCall_tellsWhoCalls(t *testing.T) {
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") != "Google" || !strings.HasSuffix(r.URL.Path, "/service-accounts/default/identity") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Metadata-Flavor", "Google")
		_, _ = io.WriteString(w, token(r.URL.Query().Get("audience")))
	}))
	t.Cleanup(metadata.Close)
	var got string
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(service.Close)
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(metadata.URL, "http://"))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("HOME", t.TempDir())

	to, err := cloudrun.New(service.URL + "/import")
	require.NoError(t, err)
	said, err := to.Call(t.Context(), []byte("{}"))
	require.NoError(t, err)
	assert.Equal(t, "{}", string(said))
	assert.Equal(t, "Bearer "+token(service.URL), got)
}

// token is a JWT's shape: who uses it looks at its end.
func token(audience string) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"aud":%q,"exp":%d}`, audience, time.Now().Add(time.Hour).Unix()/3600*3600+3600)) + "." + part("x")
}
