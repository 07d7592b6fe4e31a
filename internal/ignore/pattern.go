package ignore

import (
	"fmt"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Pattern is one line of an ignore file. The zero Pattern matches nothing.
type Pattern struct {
	text     string // as it was written, for people
	glob     string // in doublestar's language
	literal  bool   // glob has nothing special in it
	negated  bool   // a leading "!"
	dirOnly  bool   // a trailing "/"
	anchored bool   // a "/" elsewhere: compared with the whole path, not with the base name
}

// Parse reads one line. It is false for a line that says nothing: blank, or a comment. Its errors name the pattern;
// git is silent about such a pattern and lets it match nothing.
func Parse(line string) (Pattern, bool, error) {
	text := trimTrailingSpaces(strings.TrimSuffix(line, "\r"))
	if text == "" || text[0] == '#' {
		return Pattern{}, false, nil
	}
	p := Pattern{text: text}
	rest, negated := strings.CutPrefix(text, "!")
	rest, dirOnly := strings.CutSuffix(rest, "/")
	p.negated, p.dirOnly = negated, dirOnly
	p.anchored = strings.Contains(rest, "/")
	rest = strings.TrimPrefix(rest, "/")
	if rest == "" {
		return Pattern{}, false, nil // "!", "/", "!/": git lets them match nothing
	}
	glob, literal, err := translate(rest)
	if err != nil {
		return Pattern{}, false, fmt.Errorf("parse pattern %q: %w", text, err)
	}
	p.glob, p.literal = glob, literal
	return p, true, nil
}

// String is the line as it was written, without trailing spaces.
func (p Pattern) String() string { return p.text }

// Negated reports whether what matches is not ignored after all.
func (p Pattern) Negated() bool { return p.negated }

// Match reports whether the pattern, negated or not, is about this path, which is relative to the directory of the
// ignore file. It does not look at the directories above: Rules does.
func (p Pattern) Match(name string, isDir bool) bool {
	if p.glob == "" || p.dirOnly && !isDir {
		return false
	}
	if !p.anchored {
		name = path.Base(name)
	}
	if p.literal {
		return p.glob == name
	}
	return doublestar.MatchUnvalidated(p.glob, name)
}

// trimTrailingSpaces removes spaces from the end, up to one that a backslash keeps.
func trimTrailingSpaces(s string) string {
	end := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			end = i + 1
		} else if s[i] != ' ' {
			end = i + 1
		}
	}
	return s[:end]
}
