package parse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/parse/symbols"
)

// airflow is what is known of the target's Airflow.
type airflow struct {
	*symbols.Index
	target string // as it is told
	soft   string // why what is missing only warns: the target itself is not indexed
}

// newAirflow is the newest that is known if no version is given.
func newAirflow(target string) (airflow, error) {
	index, err := symbols.For(target)
	if err != nil {
		return airflow{}, err
	}
	major, minor, err := version(cmp.Or(target, index.Version()))
	if err != nil {
		return airflow{}, err
	}
	a := airflow{Index: index, target: fmt.Sprintf("%d.%d", major, minor)}
	if !index.Exact() {
		a.soft = fmt.Sprintf("Airflow %s is not known here; this is by Airflow %s", a.target, index.Version())
	}
	return a, nil
}

// missing is what Airflow does not have of an import, as a message; "" if it has it, or nobody knows.
func (a airflow) missing(module, name string) (string, error) {
	var what string
	switch a.Lookup(module, name) {
	case symbols.Present, symbols.Unknown:
		return "", nil
	case symbols.NoModule:
		what = fmt.Sprintf("Airflow %s has no module %s", a.target, module)
	case symbols.NoName:
		what = fmt.Sprintf("Airflow %s has no %s in %s", a.target, name, module)
	}
	history, err := a.history(module, name)
	if use := a.Replacement(module, name); use != "" {
		history += ": use " + use
	}
	return what + history, err
}

// history says since when it is gone, or from when on it is there.
func (a airflow) history(module, name string) (string, error) {
	if gone, err := a.RemovedIn(module, name); err != nil || gone != "" {
		return fmt.Sprintf(" (removed in %s)", gone), err
	}
	if new, err := a.AddedIn(module, name); err != nil || new != "" {
		return fmt.Sprintf(" (it came with %s)", new), err
	}
	return "", nil
}

// refused are the arguments of a call that its callable does not take, if that is known.
func (a airflow) refused(c call) (map[string]string, error) {
	module, name := cutLast(c.name)
	taken, known := a.Arguments(module, name)
	if !known {
		return nil, nil
	}
	refused := map[string]string{}
	for _, given := range c.arguments {
		argument := given.id
		if slices.Contains(taken, argument) {
			continue
		}
		message := fmt.Sprintf("%s of Airflow %s does not take %s", name, a.target, argument)
		gone, err := a.ArgumentRemovedIn(module, name, argument)
		if err != nil {
			return nil, err
		}
		if gone != "" {
			message += fmt.Sprintf(" (removed in %s)", gone)
		}
		if use := a.ArgumentReplacement(module, name, argument); use != "" {
			message += ": use " + use
		}
		refused[argument] = message
	}
	return refused, nil
}

// cutLast splits a.b.c at its last dot.
func cutLast(dotted string) (before, after string) {
	i := strings.LastIndexByte(dotted, '.')
	return dotted[:max(i, 0)], dotted[i+1:]
}
