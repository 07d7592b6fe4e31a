package report

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
)

// github writes a workflow command for each finding ("Workflow commands for GitHub Actions" in GitHub's documentation). The job's
// log shows a command's message without its place, so the message is all that a compiler would print.
func (c Check) github(w io.Writer) error {
	var b strings.Builder
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "::%s file=%s", command(f.Severity), property(f.Path))
		if f.Line > 0 {
			fmt.Fprintf(&b, ",line=%d", f.Line)
			if f.Column > 0 {
				fmt.Fprintf(&b, ",col=%d", f.Column)
			}
		}
		if f.Rule != "" {
			fmt.Fprintf(&b, ",title=%s", property(title(f.Rule)))
		}
		fmt.Fprintf(&b, "::%s\n", message(f.String()))
	}
	b.WriteString(c.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// Uncommanded keeps GitHub's runner from reading commands in what tell writes to w: file names and source lines may look like
// some. The token that ends it cannot be guessed.
func Uncommanded(w io.Writer, tell func() error) error {
	token := rand.Text()
	if _, err := fmt.Fprintf(w, "::stop-commands::%s\n", token); err != nil {
		return err
	}
	told := tell()
	_, err := fmt.Fprintf(w, "::%s::\n", token)
	return errors.Join(told, err)
}

func command(s parse.Severity) string {
	switch s {
	case parse.Block:
		return "error"
	case parse.Warn:
		return "warning"
	default:
		return "notice"
	}
}

// message escapes what stands behind a command's second ::, as the package @actions/core does.
func message(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(valid(s))
}

// property escapes a value before it, too.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(valid(s))
}

// valid replaces each byte that is not part of a UTF-8 character, as JSON and XML do.
func valid(s string) string { return string([]rune(s)) }
