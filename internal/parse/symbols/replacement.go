package symbols

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// replacements.txt has a line for each name that has another now: what it was called, a tab, and what to use; and for
// each argument, the callable and it: "DAG(schedule_interval)".
//
//go:embed data/replacements.txt
var replacementsText string

//nolint:gochecknoglobals // as replacementsText is one, which never changes
var replacements = sync.OnceValue(func() map[string]string {
	table := map[string]string{}
	for line := range strings.Lines(replacementsText) {
		if old, now, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			table[old] = now
		}
	}
	return table
})

// Replacement is what to use instead of a name, or of a module if name is empty: mostly a name with its module
// ("airflow.sdk.chain"), else an expression ("pendulum.today('UTC').add(days=-N, ...)"). It is "" if none is known
// that this Airflow has.
func (x *Index) Replacement(module, name string) string {
	if name == "" {
		return x.replacementModule(module)
	}
	return x.usable(replacements()[module+"."+name])
}

// usable is what to use, unless it is a name that this Airflow lacks.
func (x *Index) usable(use string) string {
	if !isAirflow(use) {
		return use
	}
	module, name := parent(use), use[strings.LastIndexByte(use, '.')+1:]
	if answer := x.Lookup(module, name); answer == NoModule || answer == NoName {
		return ""
	}
	return use
}

// replacementModule is the one module where all names of a module are now.
func (x *Index) replacementModule(module string) (found string) {
	for old, now := range replacements() {
		if parent(old) != module || strings.HasSuffix(old, ")") {
			continue
		}
		home := ""
		if isAirflow(now) {
			home = parent(x.usable(now))
		}
		if home == "" || found != "" && home != found {
			return ""
		}
		found = home
	}
	return found
}

// ArgumentReplacement is the argument to use instead: "schedule" for "schedule_interval". It is "" if none is known that the
// callable takes.
func (x *Index) ArgumentReplacement(module, name, argument string) string {
	arguments, known := x.Arguments(module, name)
	if !known {
		return ""
	}
	for _, callable := range []string{name, "BaseOperator"} { // which ruff knows few heirs of
		if use := replacements()[callable+"("+argument+")"]; slices.Contains(arguments, use) {
			return use
		}
	}
	return ""
}
