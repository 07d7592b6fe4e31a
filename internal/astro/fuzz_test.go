package astro

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/dagferry/dagferry/internal/secret"
)

// What an error's body says is printed, whoever wrote it.
func FuzzRefusal(f *testing.F) {
	for _, s := range []string{`{"message":"x"}`, "<Error><Code>c</Code>", "<title>", "<", "{", "\ufeff<a/>", "\x00\x1b", "x?sig=hunter2hunter2hunter2"} {
		f.Add(s, 400)
	}
	target := secret.NewValue("https://b.example.com/x?sig=hunter2hunter2hunter2")
	c := &Client{token: func() string { return "hunter3" }}
	f.Fuzz(func(t *testing.T, body string, status int) {
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		said := c.refusal(call{verb: "get"}, resp, target).Error()
		assert.True(t, utf8.ValidString(said))
		assert.Less(t, len(said), 1200)
		assert.NotContains(t, said, "hunter2hunter2hunter2")
		assert.NotContains(t, said, "hunter3")
		assert.Equal(t, -1, strings.IndexFunc(said, unicode.IsControl))
	})
}

func FuzzReadClaims(f *testing.F) {
	f.Add("e30.e30.e30")
	f.Add("e30.eyJleHAiOjFlOTl9.x")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := readClaims(secret.NewValue(token)); err != nil {
			assert.Equal(t, errNoToken, err)
		}
	})
}
