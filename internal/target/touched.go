package target

import (
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/fault"
)

// Touched are the names of the targets that a message concerns, each once. A change outside of all sources concerns
// none; a sweep of a target that is not configured is an error.
func Touched(c config.Config, m event.Message) ([]string, error) {
	var names []string
	for _, t := range c.Targets {
		if t.Name == m.Sweep || slices.ContainsFunc(m.Changes, func(change event.Change) bool { return touches(t, change) }) {
			names = append(names, t.Name)
		}
	}
	if m.Sweep != "" && len(names) == 0 {
		return nil, fault.Errorf(fault.Denied, "the schedule asks for the target %q, which is not configured", m.Sweep)
	}
	return names, nil
}

func touches(t config.Target, change event.Change) bool {
	return slices.ContainsFunc(t.Sources, func(s config.Source) bool {
		scheme, rest, _ := strings.Cut(s.URL, "://")
		bucket, prefix, _ := strings.Cut(rest, "/")
		return change.Touches(scheme, bucket, prefix)
	})
}
