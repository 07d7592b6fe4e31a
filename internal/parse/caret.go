package parse

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// caret is a line to be shown under source: ^ under the character at (from 0), and ~ for the rest of n characters.
// Tabs stay tabs, so that it aligns whatever their width is.
func caret(source string, at, n int) string {
	var b strings.Builder
	i := 0
	for _, r := range source {
		switch {
		case i < at && r == '\t':
			b.WriteByte('\t')
		case i < at:
			b.WriteString(strings.Repeat(" ", cells(r)))
		case i == at:
			b.WriteByte('^')
			b.WriteString(strings.Repeat("~", max(cells(r)-1, 0)))
		case i < at+n:
			b.WriteString(strings.Repeat("~", cells(r)))
		}
		i++
	}
	if i <= at {
		b.WriteByte('^') // behind the end
	}
	return b.String()
}

// cells is how many columns of a terminal a character takes.
func cells(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// printable replaces what would steer a terminal, or turn the direction of the text around it, one character by one.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if ' ' <= r && r <= '~' {
			return r // nearly all are, and the tables take long
		}
		if r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
