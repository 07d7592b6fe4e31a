package symbols

import (
	"slices"
	"strconv"
)

// Arguments are the keyword arguments that a callable takes, sorted. They are known only if it is certain that it refuses
// all others: for DAG, @dag, @task and its kinds ("task.virtualenv"), TaskGroup, @task_group, Asset, and those operators
// and sensors whose constructors hand what they don't take to BaseOperator. They are the index's own: change nothing.
func (x *Index) Arguments(module, name string) (arguments []string, known bool) {
	_, number, _ := find(x.modules[module], name)
	return x.line(number)
}

func (x *Index) line(number string) ([]string, bool) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= len(x.arguments) {
		return nil, false
	}
	return x.arguments[n], true
}

// ArgumentRemovedIn is the minor whose callable no longer took an argument that an older one's took: "3.0", or "". A
// callable that has moved meanwhile is found by its name.
func (x *Index) ArgumentRemovedIn(module, name, argument string) (string, error) {
	return x.lostIn(func(old *Index) bool {
		if arguments, known := old.Arguments(module, name); known {
			return slices.Contains(arguments, argument)
		}
		return old.Lookup(module, name) != Present && old.anyTakes(name, argument)
	})
}

// anyTakes says whether a callable of this name, wherever it is, takes an argument.
func (x *Index) anyTakes(name, argument string) bool {
	for _, names := range x.modules {
		if _, number, ok := find(names, name); ok {
			if arguments, known := x.line(number); known && slices.Contains(arguments, argument) {
				return true
			}
		}
	}
	return false
}
