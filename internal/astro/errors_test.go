package astro_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// answering is a client of a server that always says the same.
func answering(t *testing.T, status int, body string) *astro.Client {
	t.Helper()
	return hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func TestError_kindsAndOutcomes(t *testing.T) {
	for _, tc := range []struct {
		status     int
		kind       fault.Kind
		refused    bool
		notApplied bool
	}{
		{302, fault.Denied, false, false},
		{400, fault.Broken, true, true},
		{401, fault.Denied, true, true},
		{403, fault.Denied, true, true},
		{404, fault.Denied, true, true},
		{408, fault.Transient, false, false},
		{409, fault.Denied, true, true},
		{418, fault.Broken, true, true},
		{500, fault.Transient, false, false},
		{501, fault.Transient, false, false},
		{503, fault.Transient, false, false},
	} {
		c := answering(t, tc.status, `{"message":"because","requestId":"r1","statusCode":1}`)
		_, err := c.Finalize(t.Context(), deployment, "cl1", "v")
		require.Error(t, err, tc.status)
		assert.Equal(t, tc.kind, fault.Of(err), tc.status)
		assert.Equal(t, tc.refused, astro.Refused(err), tc.status)
		assert.Equal(t, tc.notApplied, astro.NotApplied(err), tc.status)
		assert.ErrorContains(t, err, "finalize deploy cl1 of Deployment cltest")
		assert.ErrorContains(t, err, "because")
		assert.ErrorContains(t, err, "r1")
		assert.Equal(t, 1, c.Requests()["finalize"])
	}
}

func TestError_conflictElsewherePasses(t *testing.T) {
	_, err := answering(t, 409, `{"message":"x"}`).Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeDagOnly})
	require.Error(t, err)
	assert.Equal(t, fault.Transient, fault.Of(err))
}

func TestError_saysWhatToDo(t *testing.T) {
	for status, want := range map[int]string{
		401: "get Deployment cltest: Astro refused the token (401): said. " + astro.MakeToken,
		403: "get Deployment cltest: the token may not do this (403): said. Use an API token of this Deployment, its Workspace or its organization; where CI/CD is enforced, a person's token does not deploy",
		404: "get Deployment cltest: Astro does not know it, or hides it from this token (404): said. Check the Deployment's id, and that the token is one of the same organization and, if it is a Deployment's, of this Deployment",
		400: "get Deployment cltest: Astro refused the request (400): said; name: too long",
	} {
		body := `{"message":"said"}`
		if status == 400 {
			body = `{"message":"said","fieldErrors":[{"field":"name","code":"c","message":"too long"}]}`
		}
		_, err := answering(t, status, body).Deployment(t.Context(), deployment)
		assert.EqualError(t, err, want)
	}
}

func TestError_whateverTheBodyIsItReads(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"unknown JSON":                         {`{"error":{"code":7}}`, `(400): {"error":{"code":7}}`},
		"half JSON":                            {`{"message":"x`, `(400): {"message":"x`},
		"a page":                               {"<!doctype html><html><head><title>Blocked\n by ACME</title>" + strings.Repeat("x", 9000), "(400): an HTML page (Blocked by ACME): something between here and Astro answered"},
		"nothing":                              {"", "(400)"},
		"a list":                               {"[1]", "(400): [1]"},
		"several lines and control characters": {"a\r\n\x1b[31mb\x00c", "(400): a [31mb c"},
		"no UTF-8":                             {"a\xffb", "(400): a\uFFFDb"},
	} {
		_, err := answering(t, 400, tc.body).Deployment(t.Context(), deployment)
		require.Error(t, err, name)
		assert.Equal(t, "get Deployment cltest: Astro refused the request "+tc.want, err.Error(), name)
	}
}

func TestError_hugeBodyIsCut(t *testing.T) {
	for _, body := range []string{strings.Repeat("é", 1<<20), `{"message":"` + strings.Repeat("é", 10000) + `"}`, "<Error><Message>" + strings.Repeat("x", 1<<20)} {
		_, err := answering(t, 400, body).Deployment(t.Context(), deployment)
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 600)
	}
}

func TestError_endlessBodyIsNotReadToItsEnd(t *testing.T) {
	const end = 128 << 20
	for _, status := range []int{200, 400} {
		sent := make(chan int, 1)
		c := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			n, err := w.Write([]byte(`{"id":"`))
			for total := n; ; total += n {
				if err != nil || total >= end {
					sent <- total
					return
				}
				n, err = w.Write(bytes.Repeat([]byte("x"), 1<<20))
			}
		})
		_, err := c.Create(t.Context(), deployment, astro.CreateDeploy{})
		require.Error(t, err)
		assert.Less(t, <-sent, end)
	}
}

func TestError_tokenThatIsQuotedIsRedacted(t *testing.T) {
	token := secret.NewValue(astrotest.Token(astrotest.TokenOptions{}))
	for _, form := range []string{`{"message":"bad %s"}`, "bad %s", `{"message":"x","requestId":"%s"}`, "<title>%s</title>"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, form, r.Header.Get("Authorization"))
		}))
		_, err := client(t, astro.Options{URL: s.URL, Token: token}).Deployment(t.Context(), deployment)
		s.Close()
		require.Error(t, err)
		assertNothingSecret(t, err, token)
	}
}

func TestError_answerThatIsNoneIsTransientAndItsOutcomeUnknown(t *testing.T) {
	for _, body := range []string{"", `{"id":"cl`, "<html>", "null", `{}`, `{"id":7}`, `{"id":"x","createdAt":"yesterday"}`} {
		_, err := answering(t, 200, body).Create(t.Context(), deployment, astro.CreateDeploy{})
		require.Error(t, err, body)
		assert.Equal(t, fault.Transient, fault.Of(err), body)
		assert.False(t, astro.NotApplied(err), body)
		_, err = answering(t, 200, body).Deployment(t.Context(), deployment)
		if !strings.Contains(body, "createdAt") {
			require.Error(t, err, body)
		}
	}
}

func TestRedirect_isNotFollowed(t *testing.T) {
	followed := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed++ }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/login?state=hunter2", status)
		})
		_, err := c.Deployment(t.Context(), deployment)
		require.ErrorContains(t, err, "redirect")
		assert.NotContains(t, err.Error(), "hunter2")
		assert.Equal(t, fault.Denied, fault.Of(err))
		_, err = c.Finalize(t.Context(), deployment, "cl1", "v")
		require.Error(t, err)
		assert.Equal(t, 1, c.Requests()["finalize"])
	}
	assert.Zero(t, followed)
}

func TestError_certificateThatNobodyTrustsIsDenied(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	defer s.Close()
	c := client(t, astro.Options{URL: s.URL})
	_, err := c.Deployment(t.Context(), deployment)
	require.Error(t, err)
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.Equal(t, 1, c.Requests()["deployment"])
}

func TestError_isTheContextsWhenThatEnded(t *testing.T) {
	c := client(t, astro.Options{URL: "http://127.0.0.1:1/v1"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Deployment(ctx, deployment)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, fault.Transient, fault.Of(err))
	var e *astro.Error
	require.True(t, errors.As(err, &e))
	assert.Zero(t, e.Status)
	assert.Equal(t, deployment, e.Deployment)
}
