// Package mutant leaves rules of the protocol out, so that the simulation can be seen to notice: a test that cannot
// fail proves nothing. Only a build with the tag mutants can; in any other, LeavesOut is a constant.
package mutant

// Rule is a rule of docs/protocol.md.
type Rule string

// The rules, by what goes wrong without them.
const (
	// Lease: an older listing is finalized last.
	Lease Rule = "the lease"
	// Unacknowledged: a busy event is acknowledged, and what it told is lost.
	Unacknowledged Rule = "busy events stay unacknowledged"
	// IntentGuard: "nothing to do" is concluded while a dead run's intent may be live.
	IntentGuard Rule = "the intent guard"
	// SecondListing: files of two moments are deployed together.
	SecondListing Rule = "the second listing"
	// ByID: a rollback to a version that was once deployed is taken for ours.
	ByID Rule = "comparing by id"
	// MarkersInKey: a marker without a change is never used up.
	MarkersInKey Rule = "the markers in the key"
	// ClearRejected: the same rejection is told twice.
	ClearRejected Rule = "the rule for clearing rejected"
	// VerifyAndSweep: a finalize that lands late stays live.
	VerifyAndSweep Rule = "verify and sweep"
	// LongLease: finalize may go on after its lease.
	LongLease Rule = "a lease that outlives finalize"
	// Lineage: two dagferries overwrite each other.
	Lineage Rule = "lineage"
	// TakeOver: a deploy that came true is made again.
	TakeOver Rule = "intent take-over"
	// ConfigurationInKey: a changed configuration takes no effect.
	ConfigurationInKey Rule = "keys that cover configuration"
	// HoldAwareRebase: a deploy goes out under a hold.
	HoldAwareRebase Rule = "hold-aware rebase"
)

// Rules are all of them.
func Rules() []Rule {
	return []Rule{
		Lease, Unacknowledged, IntentGuard, SecondListing, ByID, MarkersInKey, ClearRejected, VerifyAndSweep, LongLease,
		Lineage, TakeOver, ConfigurationInKey, HoldAwareRebase,
	}
}
