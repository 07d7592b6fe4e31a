package main

import (
	"maps"
	"slices"
	"strings"
)

// name is what can be imported from a module, or an argument of the callable that it is.
type name struct{ module, name, argument string }

// lost are the public names that some version has and a later one lacks, and the arguments likewise, sorted.
func lost(answers []answer) []name {
	found := map[name]bool{}
	for i, older := range answers {
		for m, was := range older.Modules {
			for _, n := range slices.Concat(was.Names, was.Doubtful) {
				if strings.HasPrefix(n, "_") {
					continue
				}
				for _, newer := range answers[i+1:] {
					if !newer.has(m, n) {
						found[name{module: m, name: n}] = true
					}
				}
			}
			for n, number := range was.Calls {
				for _, newer := range answers[i+1:] {
					for _, argument := range newer.refuses(m, n, older.Signatures[number]) {
						found[name{m, n, argument}] = true
					}
				}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b name) int {
		return strings.Compare(a.module+" "+a.name+" "+a.argument, b.module+" "+b.name+" "+b.argument)
	})
}

func (a answer) has(module, name string) bool {
	m := a.Modules[module]
	return m.Unknown != "" || m.Dynamic || slices.Contains(m.Names, name) || slices.Contains(m.Doubtful, name)
}

// refuses are the arguments that a callable does not take. One that is elsewhere now is not asked: of those that DAG authors
// call, all can still be imported from an old place as well.
func (a answer) refuses(module, name string, arguments []string) (refused []string) {
	number, known := a.Modules[module].Calls[name]
	if !known {
		return nil
	}
	for _, argument := range arguments {
		if !slices.Contains(a.Signatures[number], argument) {
			refused = append(refused, argument)
		}
	}
	return refused
}
