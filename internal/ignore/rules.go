// Package ignore decides which files a list of gitignore-style patterns leaves out. The globs themselves are matched
// by doublestar; this package has what gitignore says around them: the last match wins, "!" takes back, a pattern with
// a slash belongs to its directory, and below an ignored directory nothing can be taken back. It agrees with
// git check-ignore, except that characters are characters, not bytes, and that a pattern that can match nothing is an
// error, because somebody meant something by it.
package ignore

import (
	"slices"
	"strings"
)

// Rules are the patterns of one or more ignore files. The zero Rules, and a nil *Rules, ignore nothing.
type Rules struct {
	lists []list // outer directories first, so that the last match is the innermost one
}

type list struct {
	base     string // "" or a directory with a slash at its end
	depth    int
	patterns []Pattern
}

// New makes rules of the lines of one ignore file, which stands in the directory base ("" or "." is the root).
func New(base string, lines []string) (*Rules, error) {
	r := &Rules{}
	return r, r.Add(base, lines)
}

// Add adds the lines of another ignore file. Those of deeper directories count more, whatever the order of adding.
func (r *Rules) Add(base string, lines []string) error {
	var patterns []Pattern
	for _, line := range lines {
		p, says, err := Parse(line)
		if err != nil {
			return err
		}
		if says {
			patterns = append(patterns, p)
		}
	}
	r.AddPatterns(base, patterns)
	return nil
}

// AddPatterns is Add for what has been parsed.
func (r *Rules) AddPatterns(base string, patterns []Pattern) {
	if len(patterns) == 0 {
		return
	}
	l := list{base: strings.Trim(base, "/"), patterns: patterns}
	if l.base == "." {
		l.base = ""
	}
	if l.base != "" {
		l.base += "/"
		l.depth = strings.Count(l.base, "/")
	}
	r.lists = append(r.lists, l)
	slices.SortStableFunc(r.lists, func(a, b list) int { return a.depth - b.depth })
}

// Match decides about a file (slash-separated, relative to the root). The rule is the text of the one that decided:
// the one that ignores the file or a directory above it, or the one that took it back; "" when none speaks of it.
func (r *Rules) Match(file string) (rule string, ignored bool) {
	return r.decide(file, false)
}

// MatchDir decides about a directory, and so about all below it.
func (r *Rules) MatchDir(dir string) (rule string, ignored bool) {
	return r.decide(dir, true)
}

func (r *Rules) decide(name string, isDir bool) (rule string, ignored bool) {
	if r == nil {
		return "", false
	}
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		if p, found := r.last(name[:i], true); found && !p.negated {
			return p.text, true
		}
	}
	p, found := r.last(name, isDir)
	return p.text, found && !p.negated
}

// last is the last pattern that matches the path itself.
func (r *Rules) last(name string, isDir bool) (Pattern, bool) {
	for _, l := range slices.Backward(r.lists) {
		below, ok := strings.CutPrefix(name, l.base)
		if !ok || below == "" {
			continue
		}
		for _, p := range slices.Backward(l.patterns) {
			if p.Match(below, isDir) {
				return p, true
			}
		}
	}
	return Pattern{}, false
}
