package parse

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ignoreRules are the lines that hold for what is in a directory: those of its own .airflowignore after those of the
// directories above it. As in Airflow, an ignored directory prunes what is below it.
type ignoreRules []ignoreRule

// ignoreRule is one line, in one of the dialects.
type ignoreRule interface {
	// matches tells whether the rule is about a file or a directory.
	matches(name string, isDir bool) bool
	// decides tells the line as people wrote it, and whether it ignores or takes back.
	decides() (text string, ignores bool)
}

// match tells the line that decides about a file or a directory, which is the last that matches.
func (r ignoreRules) match(name string, isDir bool) (rule string, ignored bool) {
	for _, rule := range slices.Backward(r) {
		if rule.matches(name, isDir) {
			return rule.decides()
		}
	}
	return "", false
}

// ignoreReader reads the .airflowignore files of one tree.
type ignoreReader struct {
	tree   fs.FS
	target target
	size   int // instructions of all regular expressions so far
}

// read gives the rules for what is in a directory, of those that hold above it. What it tells concerns lines that mean
// nothing to Airflow, or over which it fails.
func (i *ignoreReader) read(dir string, above ignoreRules) (ignoreRules, []told, error) {
	f := file{path: path.Join(dir, ignoreFile)}
	data, err := readBounded(i.tree, f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return above, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	if !utf8.Valid(data) || len(data) > maxIgnoreFile {
		return above, []told{{f, fact{Rule: RuleIgnoreFile, Message: "it is no UTF-8 text, and so Airflow finds no DAGs at all"}}}, nil
	}
	rules := slices.Clip(above)
	var wrong []told
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	patterns := 0
	for n, line := range strings.Split(text, "\n") {
		pattern := i.withoutComment(line)
		if pattern == "" {
			continue
		}
		if strings.TrimSpace(pattern) != "" {
			patterns++
		}
		rule, says, err := i.rule(dir, pattern, patterns)
		if err != nil {
			wrong = append(wrong, f.wrongLine(n+1, line, err))
		}
		if errors.Is(err, errBounds) && !errors.Is(err, errLong) {
			break // so it is for all that follow
		}
		if says {
			rules = append(rules, rule)
		}
	}
	return rules, wrong, nil
}

// wrongLine is what is wrong with a line of an .airflowignore.
func (f file) wrongLine(n int, line string, err error) told {
	wrong := fact{Rule: RuleIgnoreFile, Message: printable(err.Error()), Line: n, Column: 1, Source: printable(line)}
	switch {
	case errors.Is(err, errBounds):
		f.spared = "the pattern is not applied"
		wrong.Column, wrong.Source = 0, ""
	case errors.As(err, new(fatalError)):
		wrong.Message += ", and so Airflow finds no DAGs at all"
	default:
		f.spared = "Airflow skips the line"
	}
	return told{f, wrong}
}

// rule reads the line that is the nth pattern of its file.
func (i *ignoreReader) rule(dir, line string, nth int) (rule ignoreRule, says bool, err error) {
	switch {
	case nth > maxPatterns:
		return nil, false, errPatterns
	case len(line) > maxPattern:
		return nil, false, errLong
	case i.target.syntax == Regexp:
		return newRegexpRule(dir, line, &i.size)
	default:
		return newGlobRule(dir, line, &i.size)
	}
}

const (
	maxPatterns = 1000    // of a file
	maxPattern  = 1000    // bytes of one
	maxProgram  = 200_000 // instructions of all regular expressions of a tree, at 40 bytes and more
)

// errBounds is what all patterns have in common that are skipped for their size.
var (
	errBounds   = errors.New("too much")
	errPatterns = bounds("the file has more than %d patterns: this one and those below are skipped", maxPatterns)
	errLong     = bounds("the pattern is longer than %d bytes", maxPattern)
	errProgram  = bounds("the patterns make more than %d instructions: this one and those below are skipped", maxProgram)
)

type boundsError string

func bounds(format string, n int) error    { return boundsError(fmt.Sprintf(format, n)) }
func (e boundsError) Error() string        { return string(e) }
func (e boundsError) Is(target error) bool { return target == errBounds }

func readBounded(tree fs.FS, name string) ([]byte, error) {
	in, err := tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // it was only read
	if info, err := in.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(err, fs.ErrNotExist)
	}
	return io.ReadAll(io.LimitReader(in, maxIgnoreFile+1))
}

// withoutComment cuts the line at \s*#, as Airflow does before it looks at the dialect: "\#" is not spared. Airflow 2
// has RE2 do it, to which fewer characters are space.
func (i *ignoreReader) withoutComment(line string) string {
	before, _, comment := strings.Cut(line, "#")
	if !comment {
		return line
	}
	if i.target.airflow2 {
		return strings.TrimRight(before, " \t\f")
	}
	return strings.TrimRightFunc(before, pythonSpace)
}

// pythonSpace is str.isspace of Python.
func pythonSpace(r rune) bool { return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f' }

// regexpRule is a line in the dialect of Airflow 2: searched for in the path from the root, and nothing takes it back.
type regexpRule struct{ re *regexp.Regexp }

func newRegexpRule(_, line string, size *int) (ignoreRule, bool, error) {
	re, err := compileBounded(line, size)
	if err != nil {
		return nil, false, fmt.Errorf("parse pattern %q: %w", line, err)
	}
	return regexpRule{re}, true, nil
}

func (r regexpRule) matches(name string, _ bool) bool     { return r.re.MatchString(name) }
func (r regexpRule) decides() (text string, ignores bool) { return r.re.String(), true }

// compileBounded counts the instructions before it makes them.
func compileBounded(expression string, size *int) (*regexp.Regexp, error) {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if *size += instructions(parsed); *size > maxProgram {
		return nil, errProgram
	}
	return regexp.Compile(expression)
}

// instructions are about those of the compiled expression, without compiling it: that is what takes the memory.
func instructions(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += instructions(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}
