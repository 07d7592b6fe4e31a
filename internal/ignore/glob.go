package ignore

import (
	"errors"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

var (
	errBackslash = errors.New("a backslash at the end escapes nothing")
	errBracket   = errors.New("the bracket [ is never closed")
	errOnlySlash = errors.New("a bracket cannot match a slash")
)

// special are the characters that mean something to doublestar, outside and inside of a bracket.
const special = `*?[]{}\-!^`

// translate turns a pattern of gitignore's language into doublestar's. They differ in braces (not special in git), in
// brackets (see bracket), in three and more stars, and in a trailing "/**", which in git does not match the directory
// itself. A pattern without anything special becomes the plain text to compare with.
func translate(pattern string) (glob string, literal bool, err error) {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return pattern, true, nil
	}
	var out strings.Builder
	for rest := pattern; rest != ""; {
		n, err := translateOne(&out, rest)
		if err != nil {
			return "", false, err
		}
		rest = rest[n:]
	}
	glob = out.String()
	if strings.HasSuffix(glob, "/**") || glob == "**" {
		glob += "/*"
	}
	if !doublestar.ValidatePattern(glob) {
		return "", false, doublestar.ErrBadPattern
	}
	return glob, false, nil
}

// translateOne writes the first item of rest and tells how long it was.
func translateOne(out *strings.Builder, rest string) (int, error) {
	switch rest[0] {
	case '*':
		n := len(rest) - len(strings.TrimLeft(rest, "*"))
		out.WriteString(rest[:min(n, 2)])
		return n, nil
	case '?':
		out.WriteByte('?')
		return 1, nil
	case '[':
		set, n, err := parseBracket(rest)
		if err != nil {
			return 0, err
		}
		set.write(out)
		return n, nil
	case '\\':
		if len(rest) == 1 {
			return 0, errBackslash
		}
		writeLiteral(out, rest[1:2])
		return 2, nil
	default:
		writeLiteral(out, rest[:1])
		return 1, nil
	}
}

// writeLiteral writes one character, or one byte of it: what doublestar finds special is ASCII.
func writeLiteral(out *strings.Builder, c string) {
	if strings.Contains(special, c) {
		out.WriteByte('\\')
	}
	out.WriteString(c)
}
