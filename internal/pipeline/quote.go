package pipeline

import (
	"strconv"
	"strings"
	"unicode"
)

// Quoted is a path for people: as it is, or in quotes and escaped when it has a quote, spaces at an end, or what a terminal or a CI's
// log would not show, a line's end above all.
func Quoted(path string) string {
	odd := func(r rune) bool { return r == '"' || r == '\\' || r == unicode.ReplacementChar || !unicode.IsPrint(r) }
	if path == strings.TrimSpace(path) && !strings.ContainsFunc(path, odd) {
		return path
	}
	return strconv.Quote(path)
}
