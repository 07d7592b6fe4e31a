//go:build mutants

package mutant

// leftOut is the rule that is left out.
var leftOut Rule //nolint:gochecknoglobals // a switch of tests

// LeavesOut reports whether a rule is left out.
func LeavesOut(r Rule) bool { return r == leftOut }

// LeaveOut leaves a rule out, "" none. Tests call it before anything runs.
func LeaveOut(r Rule) { leftOut = r }
