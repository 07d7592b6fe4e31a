package parse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/ignore"
)

// Setting is what a user changes about a rule. Of those that concern a finding, the last one holds.
type Setting struct {
	// Rule is its ID.
	Rule string
	// Severity is what its findings do from then on.
	Severity Severity
	// Paths are patterns, gitignore-style: where this holds. None is everywhere.
	Paths []string
}

// Check says what is wrong with a setting.
func (s Setting) Check() error {
	_, err := s.compile()
	return err
}

// setting is one with its patterns read.
type setting struct {
	Setting
	paths *ignore.Rules // nil is everywhere
}

func (s Setting) compile() (setting, error) {
	if _, known := RuleOf(s.Rule); !known {
		var ids []string
		for _, r := range Rules() {
			ids = append(ids, r.ID)
		}
		return setting{}, fmt.Errorf("there is no rule %q: there are %s", s.Rule, strings.Join(ids, ", "))
	}
	if all := []Severity{Block, Warn, Info, Ignore}; !slices.Contains(all, s.Severity) {
		return setting{}, fmt.Errorf("%q is no severity: write block, warn, info or ignore", s.Severity)
	}
	if len(s.Paths) == 0 {
		return setting{Setting: s}, nil
	}
	paths, err := ignore.New("", s.Paths)
	return setting{s, paths}, err
}

func compileSettings(all []Setting) ([]setting, error) {
	var out []setting
	for _, s := range all {
		compiled, err := s.compile()
		if err != nil {
			return nil, fmt.Errorf("read the setting of a rule: %w", err)
		}
		out = append(out, compiled)
	}
	return out, nil
}

// severity is what a rule's findings in a file do, and whether the settings say so.
func (c *Checker) severity(r Rule, path string) (severity Severity, set bool) {
	for _, s := range slices.Backward(c.settings) {
		if s.Rule != r.ID {
			continue
		}
		if s.paths == nil {
			return s.Severity, true
		}
		if _, matches := s.paths.Match(path); matches {
			return s.Severity, true
		}
	}
	return r.Severity, false
}

// looksFor reports whether the checker's level has the rule.
func (c *Checker) looksFor(r Rule) bool { return r.Level == LevelSyntax || c.o.Level != LevelSyntax }
