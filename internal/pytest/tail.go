package pytest

import (
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// tailBytes and tailLines are how much of an output an error has.
const (
	tailBytes = 4 << 10
	tailLines = 15
)

// tail passes an output on, and keeps its end.
type tail struct {
	to   io.Writer
	mu   sync.Mutex
	data []byte
}

// Write does not fail: a terminal that is gone is no reason to end tests.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.to != nil {
		_, _ = t.to.Write(p) // see above
	}
	t.data = append(t.data, p[max(len(p)-tailBytes, 0):]...)
	t.data = t.data[max(len(t.data)-tailBytes, 0):]
	return len(p), nil
}

// String is the last lines.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(plain(string(t.data))), "\n")
	return strings.Join(lines[max(len(lines)-tailLines, 0):], "\n")
}

// plain is a text that steers no terminal, without its colours.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(strings.ReplaceAll(s, "\r\n", "\n"), ""), "?"))
}

// oneLine is plain, and one line.
func oneLine(s string) string { return strings.Join(strings.Fields(plain(s)), " ") }

// indented is an output below the sentence that it belongs to.
func indented(s string) string {
	if s == "" {
		return " (none)"
	}
	return "\n  " + strings.ReplaceAll(s, "\n", "\n  ")
}
