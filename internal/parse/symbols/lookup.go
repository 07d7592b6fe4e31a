package symbols

import "strings"

// Answer is whether something can be imported.
type Answer int

const (
	// Unknown is not told by the index: what is not Airflow's, providers that are not among what Airflow brings with it, what
	// wants an optional package, what plugins may add.
	Unknown Answer = iota
	// Present can be imported, with a warning perhaps.
	Present
	// NoModule says that there is no such module.
	NoModule
	// NoName says that the module is there, but has no such name, nor a module of that name below it.
	NoName
)

// Lookup says whether `from module import name` works, or `import module` if name is empty. Of an attribute of a name
// ("task.virtualenv") it says at most that the name is missing.
//
// A provider that Airflow brings with it has a version of its own, and an image may have another than was indexed: what is
// said of airflow.providers is to warn, and not to block.
func (x *Index) Lookup(module, name string) Answer {
	answer := x.module(module)
	if name == "" || answer != Present {
		return answer
	}
	mark, _, ok := find(x.modules[module], name)
	switch {
	case ok && mark == doubtful:
		return Unknown
	case ok:
		return Present
	}
	if first, _, dotted := strings.Cut(name, "."); dotted {
		if answer := x.Lookup(module, first); answer != Present {
			return answer
		}
		return Unknown
	}
	if below := x.module(module + "." + name); below != NoModule {
		return below
	}
	if isDunder(name) || strings.HasPrefix(x.modules[module], dynamic) {
		return Unknown
	}
	return NoName
}

// The marks of a file.
const (
	doubtful = "?"
	dynamic  = "*"
)

// module says whether `import name` works.
func (x *Index) module(name string) Answer {
	if !isAirflow(name) || x.floats(name) {
		return Unknown
	}
	if names, ok := x.modules[name]; ok {
		if names == doubtful {
			return Unknown
		}
		return Present
	}
	for above := parent(name); above != ""; above = parent(above) {
		if x.modules[above] == doubtful {
			return Unknown
		}
	}
	return NoModule
}

func isAirflow(module string) bool { return within(module, "airflow") }

// floats says whether a module may be there or not with any Airflow: those that were not indexed (for nobody imports
// them from a DAG), those that plugins make (Airflow's documentation, "Plugins": macros and, in Airflow 2, executors), and
// providers that were not installed.
func (x *Index) floats(module string) bool {
	for part := range strings.SplitSeq(module, ".") {
		switch part {
		case "example_dags", "tests", "migrations", "__main__":
			return true
		}
	}
	if _, ok := x.modules[module]; ok {
		return false
	}
	if within(module, "airflow.macros") || within(module, "airflow.executors") {
		return true
	}
	if !within(module, "airflow.providers") {
		return false
	}
	for _, provider := range x.providers {
		if within(module, provider) {
			return false
		}
	}
	return true
}

// within says whether a module is a package, or below it.
func within(module, of string) bool {
	rest, ok := strings.CutPrefix(module, of)
	return ok && (rest == "" || rest[0] == '.')
}

func parent(module string) string {
	return module[:max(strings.LastIndexByte(module, '.'), 0)]
}

// isDunder says whether a name is like __file__: those were not indexed.
func isDunder(name string) bool {
	return strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__")
}

// find looks for a name in a module's line: its mark, and the number of its arguments or "".
func find(names, name string) (mark, arguments string, ok bool) {
	for entry := range strings.SplitSeq(names, " ") {
		bare, number, _ := strings.Cut(entry, "=")
		if bare == name {
			return "", number, true
		}
		if bare, ok := strings.CutPrefix(bare, doubtful); ok && bare == name {
			return doubtful, "", true
		}
	}
	return "", "", false
}
