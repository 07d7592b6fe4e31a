package parse

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Airflow gives the glob dialect to the Python package pathspec (its GitWildMatchPattern). It resembles gitignore, but
// is not the same: "a/**" leaves out the folder a itself, so that nothing below can be taken back, a negated bracket
// matches a slash, there are no character classes, and what is malformed is either passed over or stops Airflow.
// TestDiscover_agreesWithAirflow compares.

var (
	errOpenBracket = errors.New("the bracket [ is never closed")
	errBackslash   = errors.New("a backslash at the end escapes nothing")
	errRange       = errors.New("a range runs backwards")
	errNothing     = errors.New("there is nothing to match in it")
)

// fatalError is about a line over which Airflow fails, instead of passing over it.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

// globRule is a line of an .airflowignore in the glob dialect.
type globRule struct {
	text     string
	re       *regexp.Regexp
	base     string // "" or a directory with a slash at its end
	anchored bool   // compared with the path below base, not with the name alone
	negated  bool
	dirOnly  bool
}

// newGlobRule reads a line. It is false for one that says nothing.
func newGlobRule(dir, line string, size *int) (ignoreRule, bool, error) {
	text := line
	if !strings.HasSuffix(line, `\ `) {
		text = strings.TrimRightFunc(line, pythonSpace)
	}
	if text == "" || strings.TrimFunc(text, pythonSpace) == "/" {
		return nil, false, nil
	}
	pattern, negated := strings.CutPrefix(text, "!")
	expression, err := translateGlob(pattern)
	if err != nil {
		return nil, false, fmt.Errorf("parse pattern %q: %w", text, err)
	}
	re, err := compileBounded(expression, size)
	if e := (*syntax.Error)(nil); errors.As(err, &e) { // nothing else is wrong with what translateGlob writes
		err = fatalError{errRange}
	}
	if err != nil {
		return nil, false, fmt.Errorf("parse pattern %q: %w", text, err)
	}
	return globRule{
		text: text, re: re, base: folder(dir), negated: negated,
		anchored: strings.Contains(strings.TrimRight(line, "/"), "/") || line[0] == '/',
		dirOnly:  strings.HasSuffix(strings.TrimRightFunc(strings.TrimLeft(line, "!"), pythonSpace), "/"),
	}, true, nil
}

// folder is a directory's name as a prefix of what is in it.
func folder(dir string) string {
	if dir == "." {
		return ""
	}
	return dir + "/"
}

func (r globRule) decides() (text string, ignores bool) { return r.text, !r.negated }

func (r globRule) matches(name string, isDir bool) bool {
	if r.dirOnly && !isDir {
		return false
	}
	if r.anchored {
		name = strings.TrimPrefix(name, r.base)
	} else {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	if isDir {
		name += "/"
	}
	return r.re.MatchString(name)
}

// translateGlob makes a regular expression of a pattern, which is searched for in a path. Directories' paths end in a
// slash.
func translateGlob(pattern string) (string, error) {
	segments := strings.Split(pattern, "/")
	dirOnly := segments[len(segments)-1] == ""
	switch {
	case segments[0] == "":
		segments = segments[1:]
	case len(segments) == 1, len(segments) == 2 && dirOnly: // at any depth
		segments = slices.Insert(segments, 0, "**")
	}
	if len(segments) == 0 {
		return "", fatalError{errNothing}
	}
	if last := len(segments) - 1; segments[last] == "" {
		segments[last] = "**"
	}
	segments = slices.CompactFunc(segments, func(a, b string) bool { return a == "**" && b == "**" })
	switch all := strings.Join(segments, "/"); {
	case all == "**" && !dirOnly, all == "**/*":
		return ".", nil
	case all == "**", all == "**/*/**":
		return "/", nil
	}
	return translateSegments(segments)
}

func translateSegments(segments []string) (string, error) {
	var b strings.Builder
	slash := ""
	for i, segment := range segments {
		first, last := i == 0, i == len(segments)-1
		switch {
		case segment == "**" && first:
			b.WriteString("^(?:.+/)?")
			continue // what follows needs no slash
		case segment == "**" && last:
			b.WriteString("/")
		case segment == "**":
			b.WriteString("(?:/.+)?")
		default:
			if first {
				b.WriteString("^")
			}
			b.WriteString(slash)
			if err := translateSegment(&b, segment); err != nil {
				return "", err
			}
			if last {
				b.WriteString("(?:/|$)")
			}
		}
		slash = "/"
	}
	return b.String(), nil
}

func translateSegment(b *strings.Builder, segment string) error {
	if segment == "*" {
		b.WriteString("[^/]+")
		return nil
	}
	for rest := []rune(segment); len(rest) > 0; {
		c := rest[0]
		rest = rest[1:]
		switch c {
		case '*':
			b.WriteString("[^/]*")
		case '?':
			b.WriteString("[^/]")
		case '[':
			n := bracketEnd(rest)
			if n < 0 {
				return errOpenBracket
			}
			translateBracket(b, rest[:n])
			rest = rest[n+1:]
		case '\\':
			if len(rest) == 0 {
				return fatalError{errBackslash}
			}
			b.WriteString(regexp.QuoteMeta(string(rest[:1])))
			rest = rest[1:]
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return nil
}

// bracketEnd is where the bracket is closed. A "]" at the beginning is a character.
func bracketEnd(rest []rune) int {
	start := 0
	if len(rest) > 0 && (rest[0] == '!' || rest[0] == '^') {
		start++
	}
	if start < len(rest) && rest[start] == ']' {
		start++
	}
	n := slices.Index(rest[min(start, len(rest)):], ']')
	if n < 0 {
		return n
	}
	return start + n
}

// translateBracket writes what is between the brackets as a class. It knows ranges; a backslash is a character. A range
// that runs backwards is left to the regular expression, as it is there: what comes after it may make Airflow pass over
// the line before it notices.
func translateBracket(b *strings.Builder, body []rune) {
	b.WriteString("[")
	if body[0] == '!' || body[0] == '^' {
		b.WriteString("^")
		body = body[1:]
	}
	for len(body) > 0 {
		low, high, n := body[0], body[0], 1
		if len(body) > 2 && body[1] == '-' {
			high, n = body[2], 3
		}
		fmt.Fprintf(b, `\x{%x}-\x{%x}`, low, high)
		body = body[n:]
	}
	b.WriteString("]")
}
