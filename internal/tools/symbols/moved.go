package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// writeReplacements writes what ruff said and, where it is silent, the classes that have clearly moved.
func (p program) writeReplacements(found map[string]string, answers []answer) error {
	newest := answers[len(answers)-1]
	for _, n := range lost(answers) {
		if n.argument == "" && found[n.key()] == "" && !newest.has(n.module, n.name) && isClass(n, answers) {
			if home := newest.movedTo(n); home != "" {
				found[n.key()] = home + "." + n.name
			}
		}
	}
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(&b, "%s\t%s\n", key, found[key])
	}
	return os.WriteFile(filepath.Join(p.out, "replacements.txt"), []byte(b.String()), 0o644) //nolint:gosec // for all to read
}

// isClass says whether a version had a class defined there, and not only a name for one of elsewhere.
func isClass(n name, answers []answer) bool {
	return slices.ContainsFunc(answers, func(a answer) bool { return slices.Contains(a.Modules[n.module].Homes, n.name) })
}

// movedTo is airflow.sdk if it has the name, since that is what DAGs are to import from; or else the one module of the same
// last name that defines a class of that name. "" if there are several, or none.
func (a answer) movedTo(n name) string {
	if slices.Contains(a.Modules["airflow.sdk"].Names, n.name) {
		return "airflow.sdk"
	}
	found := ""
	for module, m := range a.Modules {
		if lastName(module) != lastName(n.module) || !slices.Contains(m.Homes, n.name) || isInternal(module) {
			continue
		}
		if found != "" {
			return ""
		}
		found = module
	}
	return found
}

// isInternal says whether no DAG imports from a module.
func isInternal(module string) bool {
	return strings.Contains(module, "._") || strings.HasPrefix(module, "airflow.serialization.")
}

func lastName(module string) string { return module[strings.LastIndexByte(module, '.')+1:] }
