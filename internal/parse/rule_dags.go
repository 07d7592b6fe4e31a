package parse

import (
	"cmp"
	"fmt"
	"slices"
)

// dagsTwice finds the ids that two DAGs of the tree have. In production each file is parsed in a process of its own, and
// the one that comes last wins, without an error.
func dagsTwice(all []*module) map[*module][]importFact {
	modules := slices.Clone(all)
	slices.SortFunc(modules, func(a, b *module) int { return cmp.Compare(a.path, b.path) })
	type spot struct {
		path string
		line int32
	}
	first, facts := map[string]spot{}, map[*module][]importFact{}
	for _, m := range modules {
		if m.unread != "" {
			continue
		}
		for _, dag := range m.dags {
			there, taken := first[dag.id]
			if !taken {
				first[dag.id] = spot{m.path, dag.line}
				continue
			}
			message := fmt.Sprintf("dag_id %q is that of the DAG in %s:%d already: Airflow would show one of them, now this one, now that", dag.id, there.path, there.line)
			facts[m] = append(facts[m], importFact{fact{Rule: RuleDagTwice, Message: message, Line: int(dag.line)}, dag.id})
		}
	}
	return facts
}

// hidden says so when Airflow would read nothing at all, because .airflowignore leaves out what it would read.
func (t target) hidden(all []*module) string {
	var hidden []string
	for _, m := range all {
		switch {
		case m.unread == "":
			return ""
		case m.ignored != "" && m.python && t.skips(m.look) == "":
			hidden = append(hidden, m.path)
		}
	}
	if len(hidden) == 0 {
		return ""
	}
	more := ""
	if len(hidden) > 1 {
		more = fmt.Sprintf(" and %d more", len(hidden)-1)
	}
	return fmt.Sprintf("it leaves out every file that looks like one of DAGs (%s%s): Airflow would find none", slices.Min(hidden), more)
}
