package parse

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/dagferry/dagferry/internal/ignore"
)

// ignoreRules are those of all .airflowignore files. As in Airflow (_find_path_from_directory), a file's lines hold
// for all that is below its directory, and an ignored directory prunes what is below it.
type ignoreRules interface {
	// add adds a line. Its error says that Airflow would make nothing of it.
	add(dir, line string) error
	// Match tells the line that leaves a file out.
	Match(file string) (rule string, ignored bool)
}

func newIgnoreRules(syntax IgnoreSyntax) ignoreRules {
	if syntax == Regexp {
		return &regexps{}
	}
	return &globs{}
}

// readIgnoreFile adds the rules of a directory's .airflowignore, if there is one.
func readIgnoreFile(tree fs.FS, dir string, rules ignoreRules) ([]Finding, error) {
	f := file{path: path.Join(dir, ignoreFile)}
	data, err := readBounded(tree, f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	if !utf8.Valid(data) || len(data) > maxIgnoreFile {
		return f.findings(fact{Rule: RuleIgnoreFile, Message: "it is no UTF-8 text, and so Airflow finds no DAGs at all"}), nil
	}
	f.spared = "Airflow skips the line"
	var findings []Finding
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	patterns := 0
	for i, line := range strings.Split(text, "\n") {
		pattern := withoutComment(line)
		if strings.TrimSpace(pattern) != "" {
			patterns++
		}
		var err error
		if patterns > maxPatterns {
			err = errPatterns
		} else {
			err = addBounded(rules, dir, pattern)
		}
		if errors.Is(err, errBounds) {
			limited := file{path: f.path, spared: "the pattern is not applied"}
			findings = append(findings, limited.findings(fact{Rule: RuleIgnoreFile, Message: err.Error(), Line: i + 1})...)
			if !errors.Is(err, errLong) {
				break // so it is for all that follow
			}
			continue
		}
		if err != nil {
			findings = append(findings, f.findings(fact{
				Rule: RuleIgnoreFile, Message: printable(err.Error()), Line: i + 1, Column: 1, Source: printable(line),
			})...)
		}
	}
	return findings, nil
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

func addBounded(rules ignoreRules, dir, pattern string) error {
	if len(pattern) > maxPattern {
		return errLong
	}
	return rules.add(dir, pattern)
}

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

// withoutComment cuts the line at \s*#, as Airflow does before it looks at the dialect: "\#" is not spared.
func withoutComment(line string) string {
	before, _, comment := strings.Cut(line, "#")
	if !comment {
		return line
	}
	return strings.TrimRight(before, " \t\f\v")
}

// globs is the dialect of Airflow 3.
type globs struct{ rules ignore.Rules }

func (g *globs) add(dir, line string) error {
	if !strings.HasSuffix(line, `\ `) {
		line = strings.TrimSpace(line) // pathspec does, at both ends
	}
	return g.rules.Add(dir, []string{line})
}

func (g *globs) Match(file string) (string, bool) { return g.rules.Match(file) }

// regexps is the dialect of Airflow 2: any match anywhere in the path ignores, and nothing takes it back.
type regexps struct {
	rules   []regexpRule
	program int // instructions
}

type regexpRule struct {
	base string // "" or a directory with a slash
	re   *regexp.Regexp
}

func (r *regexps) add(dir, line string) error {
	if line == "" {
		return nil
	}
	parsed, err := syntax.Parse(line, syntax.Perl)
	if err != nil {
		return fmt.Errorf("parse pattern %q: %w", line, err)
	}
	if r.program += instructions(parsed); r.program > maxProgram {
		return errProgram
	}
	re, err := regexp.Compile(line)
	if err != nil {
		return fmt.Errorf("parse pattern %q: %w", line, err)
	}
	base := ""
	if dir != "." {
		base = dir + "/"
	}
	r.rules = append(r.rules, regexpRule{base, re})
	return nil
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

func (r *regexps) Match(file string) (string, bool) {
	for i := range len(file) + 1 {
		if i < len(file) && file[i] != '/' {
			continue
		}
		if rule, ignored := r.one(file[:i]); ignored {
			return rule, true
		}
	}
	return "", false
}

// one looks at a file or a directory, not at those above.
func (r *regexps) one(name string) (string, bool) {
	for _, rule := range r.rules {
		if strings.HasPrefix(name, rule.base) && rule.re.MatchString(name) {
			return rule.re.String(), true
		}
	}
	return "", false
}
