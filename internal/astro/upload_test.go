package astro_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// put uploads something.
func put(t *testing.T, c *astro.Client, url secret.Value) (string, error) {
	t.Helper()
	b := archive(t, map[string]string{"dags/a.py": "a"})
	return c.Upload(t.Context(), url, bytes.NewReader(b), int64(len(b)))
}

func TestUpload_isOnePutWithoutTheToken(t *testing.T) {
	var seen []*http.Request
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("x-ms-version-id", "v1")
		w.WriteHeader(http.StatusCreated)
	}))
	defer s.Close()
	content := bytes.Repeat([]byte("dagferry"), 1<<20) // more than the size from which the CLI sends blocks
	version, err := client(t, astro.Options{}).Upload(t.Context(), secret.NewValue(s.URL+"/b?sig=x"), bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	assert.Equal(t, "v1", version)
	require.Len(t, seen, 1)
	assert.Equal(t, http.MethodPut, seen[0].Method)
	assert.Equal(t, "sig=x", seen[0].URL.RawQuery)
	assert.Empty(t, seen[0].Header.Get("Authorization"))
	assert.Equal(t, "BlockBlob", seen[0].Header.Get("x-ms-blob-type"))
	assert.Equal(t, "application/octet-stream", seen[0].Header.Get("Content-Type"))
	assert.Equal(t, int64(len(content)), seen[0].ContentLength)
	assert.True(t, bytes.Equal(content, body))
}

func TestUpload_withoutVersionIsAnError(t *testing.T) {
	s, c := start(t)
	d := create(t, c)
	s.Fault(astrotest.Fault{Op: "upload", OmitVersion: true})
	_, err := put(t, c, d.UploadURL)
	require.ErrorContains(t, err, "x-ms-version-id")
	assert.Equal(t, fault.Transient, fault.Of(err))
	assert.Equal(t, 1, c.Requests()["upload"])

	s.Fault(astrotest.Fault{Op: "upload", Status: 200, Header: map[string]string{"X-Ms-Version-Id": "v"}})
	_, err = put(t, c, d.UploadURL)
	require.Error(t, err, "200 is no answer of Azure's to a PUT")
}

func TestUpload_expiredURLIsToldInAzuresWordsAndNotQuoted(t *testing.T) {
	s, c := start(t)
	s.Fault(astrotest.Fault{Op: "create", ExpireUpload: true})
	d := create(t, c)
	_, err := put(t, c, d.UploadURL)
	var e *astro.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "AuthenticationFailed", e.Code)
	assert.Equal(t, 403, e.Status)
	assert.NotEmpty(t, e.RequestID)
	assert.Equal(t, fault.Transient, fault.Of(err), "the next deploy gets another URL")
	assert.True(t, astro.Refused(err))
	assert.ErrorContains(t, err, "Signature not valid in the specified time frame")
	assertNothingSecret(t, err, d.UploadURL)
	assert.Equal(t, 1, c.Requests()["upload"])
}

func TestUpload_isRepeatedFromItsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := pipe(t)
		d := create(t, c)
		s.Fault(astrotest.Fault{Op: "upload", Status: 503})
		s.Fault(astrotest.Fault{Op: "upload", Drop: true, When: "after"})
		version, err := put(t, c, d.UploadURL)
		require.NoError(t, err)
		_, err = c.Finalize(t.Context(), deployment, d.ID, version)
		require.NoError(t, err)
		assert.Len(t, s.Live(deployment), 1)
		assert.Equal(t, 3, c.Requests()["upload"])
	})
}

func TestUpload_errorsOfTheTransportDoNotQuoteTheURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := pipe(t)
		d := create(t, c)
		s.Fault(astrotest.Fault{Op: "upload", Drop: true, Count: -1})
		_, err := put(t, c, d.UploadURL)
		require.Error(t, err)
		assert.Equal(t, fault.Transient, fault.Of(err))
		assert.Equal(t, 5, c.Requests()["upload"])
		assertNothingSecret(t, err, d.UploadURL)
	})
}

func TestUpload_endsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, transport := astrotest.Pipe(t, astrotest.Options{})
		c := client(t, astro.Options{URL: s.URL(), Transport: transport, FinalizeTimeout: time.Second})
		d := create(t, c)
		s.Fault(astrotest.Fault{Op: "upload", Delay: astrotest.Duration(time.Hour), Count: -1})
		began := time.Now()
		_, err := put(t, c, d.UploadURL)
		require.Error(t, err)
		assert.Less(t, time.Since(began), time.Hour, "a connection that died is given up by itself")
		assertNothingSecret(t, err, d.UploadURL)
	})
}

func TestUpload_urlThatIsNoneIsNotQuoted(t *testing.T) {
	c := client(t, astro.Options{})
	for _, url := range []string{"", "hunter2", "http://blob.example.com/x?sig=hunter2", "https://bl ob/?sig=hunter2", "https://x/%zz?sig=hunter2", "file:///hunter2"} {
		_, err := put(t, c, secret.NewValue(url))
		require.Error(t, err, url)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.True(t, astro.NotApplied(err))
	}
	assert.Empty(t, c.Requests())
}

func TestUpload_emptyBundleIsABug(t *testing.T) {
	_, err := client(t, astro.Options{}).Upload(t.Context(), secret.NewValue("https://x"), bytes.NewReader(nil), 0)
	require.Error(t, err)
	assert.Equal(t, fault.Broken, fault.Of(err))
}

func TestUpload_whatTheAnswerQuotesIsRedacted(t *testing.T) {
	var c *astro.Client
	var asked string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = "http://" + r.Host + r.RequestURI
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, "no: %s and %s and %s", asked, r.RequestURI, r.FormValue("sig"))
	}))
	defer s.Close()
	c = client(t, astro.Options{})
	url := secret.NewValue(s.URL + "/b?se=2026&sig=abc%2Bdef%2Fghijklmnopqrstuv%3D")
	_, err := put(t, c, url)
	require.ErrorContains(t, err, "[redacted]")
	assertNothingSecret(t, err, url)
	assert.Equal(t, fault.Broken, fault.Of(err))
}

// assertNothingSecret looks at an error and all that it wraps.
func assertNothingSecret(t *testing.T, err error, secrets ...secret.Value) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, form := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			for _, s := range secrets {
				assert.NotContains(t, form, s.Reveal())
			}
			assert.NotContains(t, form, "sig=")
			assert.NotContains(t, form, "abc+def")
		}
	}
}
