package toxiproxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/toxiproxy"
)

func TestProxy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
	}))
	defer upstream.Close()
	server := toxiproxy.Start(t)
	proxy := server.Proxy(t, "web", upstream.URL)
	get := func() (int, error) {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := client.Get(proxy.URL)
		if err != nil {
			return 0, err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return len(body), err
	}
	n, err := get()
	require.NoError(t, err)
	require.Equal(t, 100_000, n)

	require.NoError(t, proxy.Add(t.Context(), toxiproxy.Toxic{Type: "limit_data", Stream: "downstream", Toxicity: 1, Attributes: map[string]int{"bytes": 10_000}}))
	n, err = get()
	require.Error(t, err, "cut in the middle of the body")
	assert.Less(t, n, 100_000)

	require.NoError(t, server.Heal(t.Context()))
	n, err = get()
	require.NoError(t, err)
	assert.Equal(t, 100_000, n)
	assert.ErrorContains(t, proxy.Add(t.Context(), toxiproxy.Toxic{Type: "earthquake", Stream: "downstream", Toxicity: 1}), "invalid toxic type")
}
