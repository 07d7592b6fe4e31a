package astro_test

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

func TestNew_tokensGoOverHTTPSOrStayHere(t *testing.T) {
	token := secret.NewValue(astrotest.Token(astrotest.TokenOptions{}))
	for url, trusted := range map[string]bool{
		"":                             true,
		"https://api.astronomer.io/v1": true,
		"https://astro.example.com/v1": true,
		"http://localhost:8080/v1":     true,
		"http://127.0.0.1:8080/v1/":    true,
		"http://[::1]:8080/v1":         true,
		"http://api.astronomer.io/v1":  false,
		"http://localhost.example.com": false,
		"http://127.0.0.1.example.com": false,
		"ftp://localhost/v1":           false,
		"api.astronomer.io/v1":         false,
		"https://":                     false,
		"https://user:pw@example.com":  false,
		"https://example.com/v1?a=b":   false,
		"https://exa mple.com/v1":      false,
	} {
		_, err := astro.New(astro.Options{URL: url, Token: token})
		if trusted {
			assert.NoError(t, err, url)
			continue
		}
		require.Error(t, err, url)
		assert.Equal(t, fault.Denied, fault.Of(err), url)
		assert.NotContains(t, err.Error(), "pw@")
	}
}

func TestNew_expiredTokenIsDeniedWithItsDate(t *testing.T) {
	s := astrotest.Start(t, astrotest.Options{})
	expired := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	token := secret.NewValue(astrotest.Token(astrotest.TokenOptions{Expires: expired}))
	now := expired.Add(-time.Hour)
	c, err := astro.New(astro.Options{URL: s.URL(), Token: token, Now: func() time.Time { return now }})
	require.NoError(t, err)

	now = expired // a client of a warm function outlives its token
	_, err = c.Deployment(t.Context(), deployment)
	require.ErrorContains(t, err, "expired on 2026-11-20")
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.True(t, astro.Refused(err))
	assert.Empty(t, c.Requests())

	_, err = astro.New(astro.Options{URL: s.URL(), Token: token, Now: func() time.Time { return now }})
	require.ErrorContains(t, err, "expired on 2026-11-20")
	assert.Equal(t, fault.Denied, fault.Of(err))
}

func TestNew_whatIsNoTokenIsDeniedAndNotQuoted(t *testing.T) {
	jwt := func(payload string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".hunter2"
	}
	for _, token := range []string{
		"", "hunter2", "hunter2.hunter2.hunter2", "a.!hunter2.c", jwt("hunter2"), jwt(`{"exp":"hunter2"}`), jwt(`{}`),
		jwt(`{"permissions":["workspaceId:w"]}`), jwt(`{"permissions":["organizationId:../x"]}`),
		astrotest.Token(astrotest.TokenOptions{}) + "\n",
	} {
		_, err := astro.New(astro.Options{Token: secret.NewValue(token)})
		require.Error(t, err, token)
		assert.Equal(t, fault.Denied, fault.Of(err), token)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestNew_configuredOrganizationCountsBeforeTheToken(t *testing.T) {
	c := client(t, astro.Options{Organization: "clother"})
	assert.Equal(t, "clother", c.Organization())
}

func TestClaims(t *testing.T) {
	expires := time.Now().Add(50 * time.Hour)
	c := client(t, astro.Options{Token: secret.NewValue(astrotest.Token(astrotest.TokenOptions{
		Organization: "clorg", Workspace: "clws", Deployment: "cldep", Expires: expires,
	}))})
	claims := c.Claims()
	assert.Equal(t, "clorg clws cldep clsimtoken", fmt.Sprintln(claims.Organization, claims.Workspace, claims.Deployment, claims.APITokenID)[:27])
	assert.WithinDuration(t, expires, claims.Expires, time.Second)
	days, ends := claims.DaysLeft(time.Now())
	assert.True(t, ends)
	assert.Equal(t, 2, days)

	_, ends = astro.Claims{}.DaysLeft(time.Now())
	assert.False(t, ends)
}

func TestClient_printsWithoutItsToken(t *testing.T) {
	token := astrotest.Token(astrotest.TokenOptions{})
	c := client(t, astro.Options{Token: secret.NewValue(token)})
	assert.NotContains(t, fmt.Sprintf("%+v %#v", c, c), token)
}
