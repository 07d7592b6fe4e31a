package gcpsdk_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
	"github.com/dagferry/dagferry/internal/local/serviceaccount"
)

// asked is what a request to a server through the transport ends as.
func asked(t *testing.T, transport http.RoundTripper, handler http.HandlerFunc) error {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	answer, err := (&http.Client{Transport: transport}).Post(server.URL, "text/plain", strings.NewReader("x"))
	if err == nil {
		answer.Body.Close()
	}
	return err
}

func unasked(t *testing.T) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { t.Error("a request without a token") }
}

func TestTransport_signs(t *testing.T) {
	tokens := 0
	serviceaccount.Use(t, "acme", func(w http.ResponseWriter, r *http.Request) {
		tokens++
		form, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Contains(t, string(form), "assertion=")
		serviceaccount.Grant("t0ken")(w, r)
	})
	transport := gcpsdk.NewTransport()
	for range 2 {
		require.NoError(t, asked(t, transport, func(_ http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "Bearer t0ken", r.Header.Get("Authorization"))
		}))
	}
	assert.Equal(t, 1, tokens, "a token is kept")
}

func TestTransport_refusedCredentials(t *testing.T) {
	serviceaccount.Use(t, "acme", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error": "invalid_grant", "error_description": "Invalid grant: account not found"}`)
	})
	err := gcpsdk.Classify(asked(t, gcpsdk.NewTransport(), unasked(t)))
	require.Error(t, err)
	assert.Equal(t, fault.Denied, fault.Of(err), err)
	assert.ErrorContains(t, err, "Google refuses the credentials")
	assert.ErrorContains(t, err, "account not found")
}

func TestTransport_tokensAreAway(t *testing.T) {
	for name, tokens := range map[string]http.HandlerFunc{
		"busy":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, //nolint:forbidigo // how a handler does that
	} {
		t.Run(name, func(t *testing.T) {
			serviceaccount.Use(t, "acme", tokens)
			err := gcpsdk.Classify(asked(t, gcpsdk.NewTransport(), unasked(t)))
			require.Error(t, err)
			assert.Equal(t, fault.Transient, fault.Of(err), err)
		})
	}
}

func TestTransport_withoutCredentials(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	transport := gcpsdk.NewTransport()
	for range 2 {
		err := gcpsdk.Classify(asked(t, transport, unasked(t)))
		require.Error(t, err)
		assert.Equal(t, fault.Denied, fault.Of(err), err)
		assert.ErrorContains(t, err, "no Google credentials")
		assert.ErrorContains(t, err, "GOOGLE_APPLICATION_CREDENTIALS")
	}
}

func TestAnonymousTransport_sendsNoCredentials(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	require.NoError(t, asked(t, gcpsdk.NewAnonymousTransport(), func(_ http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Authorization"))
	}))
}

// The machine's own service account: the metadata server of Compute Engine, Cloud Run and Cloud Functions.
func TestTransport_machine(t *testing.T) {
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		kind   fault.Kind
	}{
		"no account": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, fault.Denied},
		"forbidden":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, fault.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tc.answer)
			t.Cleanup(server.Close)
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
			t.Setenv("HOME", t.TempDir())
			t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(server.URL, "http://"))
			err := gcpsdk.Classify(asked(t, gcpsdk.NewTransport(), unasked(t)))
			require.Error(t, err)
			assert.Equal(t, tc.kind, fault.Of(err), err)
			assert.ErrorContains(t, err, "Google refuses the credentials")
		})
	}
}

func TestProject(t *testing.T) {
	serviceaccount.Use(t, "acme", unasked(t))
	found, err := gcpsdk.Credentials("scope")
	require.NoError(t, err)
	t.Setenv("GOOGLE_CLOUD_PROJECT", "")
	project, err := gcpsdk.Project(t.Context(), found)
	require.NoError(t, err)
	assert.Equal(t, "acme", project)
	project, err = gcpsdk.StorageProject(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "acme", project)
	_, err = gcpsdk.Project(t.Context(), nil)
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, "set GOOGLE_CLOUD_PROJECT")

	t.Setenv("GOOGLE_CLOUD_PROJECT", "other")
	project, err = gcpsdk.Project(t.Context(), found)
	require.NoError(t, err)
	assert.Equal(t, "other", project)
	project, err = gcpsdk.StorageProject(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "other", project)
}
