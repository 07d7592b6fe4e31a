package report_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/report"
)

// command is a workflow command as GitHub's runner understands it.
type command struct {
	name, message string
	properties    map[string]string
}

// commands reads a job's log as the runner does: line by line, spaces before a command do not matter, and what is no command is
// shown. A carriage return ends a line, too.
func commands(log string) (found []command, shown []string) {
	for _, line := range strings.FieldsFunc(log, func(r rune) bool { return r == '\n' || r == '\r' }) {
		rest, is := strings.CutPrefix(strings.TrimSpace(line), "::")
		head, message, closed := strings.Cut(rest, "::")
		if !is || !closed {
			shown = append(shown, line)
			continue
		}
		name, properties, _ := strings.Cut(head, " ")
		c := command{name, unescape(message, "%0D", "\r", "%0A", "\n"), map[string]string{}}
		for property := range strings.SplitSeq(properties, ",") {
			key, value, _ := strings.Cut(property, "=")
			c.properties[key] = unescape(value, "%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",")
		}
		found = append(found, c)
	}
	return found, shown
}

// heard leaves out what the runner does not listen to, between stop-commands and its token.
func heard(log []command) []command {
	var out []command
	token := ""
	for _, c := range log {
		switch {
		case token != "":
			if c.name == token {
				token = ""
			}
		case c.name == "stop-commands":
			token = c.message
		default:
			out = append(out, c)
		}
	}
	return out
}

// unescape replaces one pair after the other, as the runner does, and %25 last.
func unescape(s string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return strings.ReplaceAll(s, "%25", "%")
}

func TestGitHub_aCommandForEachFinding(t *testing.T) {
	c := everything()
	found, shown := commands(written(t, c, report.GitHub))
	require.Len(t, found, len(c.Findings))
	assert.Len(t, shown, 1, "the last line, which counts")
	for i, f := range c.Findings {
		want := map[string]string{"file": utf8Of(f.Path)}
		if f.Line > 0 {
			want["line"] = strconv.Itoa(f.Line)
			if f.Column > 0 {
				want["col"] = strconv.Itoa(f.Column)
			}
		}
		if rule, known := parse.RuleOf(f.Rule); known {
			want["title"] = rule.ID + " " + rule.Name
		} else if f.Rule != "" {
			want["title"] = f.Rule
		}
		assert.Equal(t, want, found[i].properties)
		assert.Equal(t, utf8Of(f.String()), found[i].message)
		assert.Equal(t, map[parse.Severity]string{parse.Block: "error", parse.Warn: "warning", parse.Info: "notice"}[f.Severity], found[i].name)
	}
}

func TestUncommanded_textCommandsNothing(t *testing.T) {
	c := everything()
	c.Findings = append(c.Findings, parse.Finding{Path: "a.py", Source: "::add-mask::secret", Message: "no"})
	open, _ := commands(written(t, c, report.Text))
	require.NotEmpty(t, heard(open), "or else there is nothing to be kept from")

	var b strings.Builder
	failed := errors.New("disk full")
	require.ErrorIs(t, report.Uncommanded(&b, func() error { return errors.Join(c.Write(&b, report.Text), failed) }), failed)
	b.WriteString("::notice::afterwards\n")
	kept, _ := commands(b.String())
	assert.Equal(t, []command{{"notice", "afterwards", map[string]string{"": ""}}}, heard(kept))
	assert.Greater(t, len(kept[0].message), 20, "nobody guesses it")
}
