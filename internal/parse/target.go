package parse

import (
	"fmt"
	"strconv"
	"strings"
)

// IgnoreSyntax is a dialect of .airflowignore.
type IgnoreSyntax string

const (
	// Glob is gitignore's: the default of Airflow 3.
	Glob IgnoreSyntax = "glob"
	// Regexp is RE2, searched for in the path relative to the root: the default of Airflow 2.
	Regexp IgnoreSyntax = "regexp"
)

// target is what the versions of Airflow and Python imply.
type target struct {
	python    int  // the minor version; 0 is the interpreter's own
	airflow2  bool // or else 3 and later
	syntax    IgnoreSyntax
	upperCase bool // .PY is a DAG file, too
}

func newTarget(o Options) (target, error) {
	t := target{syntax: Glob, upperCase: true}
	if o.Airflow != "" {
		major, minor, err := version(o.Airflow)
		if err != nil {
			return target{}, fmt.Errorf("read Airflow's version: %w", err)
		}
		if t.airflow2 = major < 3; t.airflow2 {
			t.syntax = Regexp
		}
		t.upperCase = major > 3 || major == 3 && minor >= 3
	}
	if o.Python != "" {
		major, minor, err := version(o.Python)
		if err != nil {
			return target{}, fmt.Errorf("read Python's version: %w", err)
		}
		if major != 3 || minor < 7 { // CPython's feature_version begins at 3.7
			return target{}, fmt.Errorf("read Python's version: %q is none that Airflow 2 or 3 runs on", o.Python)
		}
		t.python = minor
	}
	switch o.IgnoreSyntax {
	case "":
	case Glob, Regexp:
		t.syntax = o.IgnoreSyntax
	default:
		return target{}, fmt.Errorf("read .airflowignore's syntax: %q is neither glob nor regexp", o.IgnoreSyntax)
	}
	return t, nil
}

// version reads "3.12" and "3.12.1".
func version(s string) (major, minor int, err error) {
	first, rest, _ := strings.Cut(s, ".")
	second, _, _ := strings.Cut(rest, ".")
	major, err = strconv.Atoi(first)
	if err == nil {
		minor, err = strconv.Atoi(second)
	}
	if err != nil || major < 0 || minor < 0 {
		return 0, 0, fmt.Errorf("%q is not of the form 3.12", s)
	}
	return major, minor, nil
}
