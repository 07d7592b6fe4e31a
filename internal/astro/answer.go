package astro

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/dagferry/dagferry/internal/secret"
)

const (
	maxErrorBody = 64 << 10
	maxMessage   = 400
)

// read takes what an error's body says: Astro's JSON, Azure's XML, or whatever else came in between.
func (e *Error) read(resp *http.Response) {
	if at, err := resp.Location(); err == nil && e.Status < 400 {
		e.Message = "it points to " + at.Host
		return
	}
	e.RequestID = resp.Header.Get("X-Ms-Request-Id")
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // half a message is better than none
	text := strings.TrimSpace(string(body))
	switch {
	case strings.HasPrefix(text, "{") && e.readJSON(body):
	case strings.HasPrefix(strings.TrimPrefix(text, "\ufeff"), "<") && e.readXML(text):
	case strings.HasPrefix(text, "<"):
		e.Message = "an HTML page" + title(text) + ": something between here and Astro answered"
	default:
		e.Message = text
	}
}

func (e *Error) readJSON(body []byte) bool {
	var wire struct {
		Message     string `json:"message"`
		RequestID   string `json:"requestId"`
		FieldErrors []struct {
			Field   string `json:"field"`
			Message string `json:"message"`
		} `json:"fieldErrors"`
	}
	if json.Unmarshal(body, &wire) != nil || wire.Message == "" && len(wire.FieldErrors) == 0 {
		return false
	}
	e.Message = wire.Message
	if wire.RequestID != "" {
		e.RequestID = wire.RequestID
	}
	for _, f := range wire.FieldErrors {
		e.Message += fmt.Sprintf("; %s: %s", f.Field, f.Message)
	}
	e.Message = strings.TrimPrefix(e.Message, "; ")
	return true
}

// readXML takes Azure's Code and Message, and leaves the details, which quote what was signed.
func (e *Error) readXML(text string) bool {
	var wire struct {
		XMLName xml.Name `xml:"Error"`
		Code    string   `xml:"Code"`
		Message string   `xml:"Message"`
	}
	if xml.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &wire) != nil {
		return false
	}
	e.Code = wire.Code
	e.Message, _, _ = strings.Cut(wire.Message, "\n") // then come a RequestId and a Time
	return true
}

var titleTag = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

func title(page string) string {
	if m := titleTag.FindStringSubmatch(page); m != nil {
		return fmt.Sprintf(" (%s)", strings.TrimSpace(m[1]))
	}
	return ""
}

// clean makes what came from outside one line of bounded length, without the token, the upload URL or its query.
func (c *Client) clean(s string, secrets []secret.Value) string {
	s = strings.ReplaceAll(s, c.token(), "[redacted]")
	for _, v := range secrets {
		for _, part := range parts(v.Reveal()) {
			s = strings.ReplaceAll(s, part, "[redacted]")
		}
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(s) > maxMessage {
		s = cutString(s, maxMessage) + "…"
	}
	return s
}

// parts are the forms in which a secret could be quoted: whole, as JSON has it, and for a URL its path with the query, its
// query, and each long value of it.
func parts(s string) []string {
	all := []string{s}
	if quoted, err := json.Marshal(s); err == nil && len(quoted) > len(s)+2 {
		all = append(all, string(quoted[1:len(quoted)-1]))
	}
	if u, err := url.Parse(s); err == nil && u.RawQuery != "" {
		all = append(all, u.RequestURI(), u.RawQuery)
		for pair := range strings.SplitSeq(u.RawQuery, "&") {
			// As it stands: it may be escaped otherwise than Go would.
			if _, raw, _ := strings.Cut(pair, "="); len(raw) >= 16 {
				all = append(all, raw)
			}
		}
		for _, values := range u.Query() {
			for _, v := range values {
				if len(v) >= 16 {
					all = append(all, v, url.QueryEscape(v))
				}
			}
		}
	}
	return all
}
