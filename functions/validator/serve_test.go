package validator_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	client "github.com/dagferry/dagferry/internal/parse/validator"
)

// The container's own command, asked by the client that functions use.
func TestServe(t *testing.T) {
	url := serve(t)
	t.Run("answers several at a time", func(t *testing.T) {
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				a, err := client.Import(t.Context(), client.HTTP{URL: url}, tree(), files(), client.Options{})
				if assert.NoError(t, err) {
					judged(t, a)
				}
			})
		}
		all.Wait()
	})
	t.Run("says why it refuses", func(t *testing.T) {
		for body, want := range map[string]string{
			"no JSON":        `{"error": "the request is no JSON`,
			"[]":             `{"error": "the request makes no sense`,
			`{"version": 9}`: `{"error": "the request is of version 9, and this validator answers version 1"}`,
			`{"version": 1, "files": ["../a.py"], "bundle": ""}`:                     `{"error": "the request names '../a.py', which is no file of its bundle"}`,
			`{"version": 1, "files": [], "bundle": "eA=="}`:                          `{"error": "the bundle cannot be unpacked: not a gzip file"}`,
			`{"version": 1, "files": [], "bundle": "` + outside + `"}`:               `{"error": "the bundle has '../outside.py', which is no file below its root"}`,
			`{"version": 1, "files": [], "bundle": "", "environment": {"A=B": "c"}}`: `{"error": "the environment has 'A=B', which is no text"}`,
		} {
			status, said := post(t, url, strings.NewReader(body))
			assert.Equal(t, http.StatusBadRequest, status, body)
			assert.True(t, strings.HasPrefix(said, want), "%s: %s", body, said)
		}

		// It need not be sent to be refused.
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(t, err)
		defer c.Close()
		_, err = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 33<<20)
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		defer answer.Body.Close()
		assert.Equal(t, http.StatusRequestEntityTooLarge, answer.StatusCode)
	})
}

// outside is a tar.gz of a file named ../outside.py.
const outside = "H4sIAAAAAAACA9PT088vLSnOTEnVK6hkoA0wAAIzExMwDQToNBAYIrGB4oYGhuamDAoGDHQApcUliUVA6xlGJqhgGAWjYBSMglEwEgEAlpO0eQAIAAA="

func post(t *testing.T, url string, body io.Reader) (int, string) {
	t.Helper()
	answer, err := http.Post(url, "application/json", body)
	require.NoError(t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.True(t, json.Valid(said), "%s", said)
	return answer.StatusCode, string(said)
}
