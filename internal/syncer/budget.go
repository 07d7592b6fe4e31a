package syncer

import "time"

// Budgets bound the phases of a run, and with them its leases: a run that dies blocks others for its phase's budget,
// not for the time-out of its function (docs/protocol.md, Budgets).
type Budgets struct {
	// Gather bounds steps 5–8 up to the intent: maxWait (at most 60 s) to settle, and the rest for what is measured to
	// take 10 s cold at 20,000 objects.
	Gather time.Duration
	// Finalize bounds the request that makes a deploy live, with all its retries.
	Finalize time.Duration
	// Timeout is the longest that the platform lets a function work on a message.
	Timeout time.Duration
}

// LambdaBudgets fit into a Lambda's 900 s. Finalize's is beyond the slowest DAG deploys that users measured (161–543 s).
func LambdaBudgets() Budgets {
	return Budgets{Gather: 150 * time.Second, Finalize: 600 * time.Second, Timeout: 900 * time.Second}
}

// CloudRunBudgets fit into the 600 s for which Pub/Sub waits for an answer.
func CloudRunBudgets() Budgets {
	return Budgets{Gather: 120 * time.Second, Finalize: 420 * time.Second, Timeout: 600 * time.Second}
}

const (
	// afterFinalize is for seeing what became of a finalize, and writing it down.
	afterFinalize = 30 * time.Second
	// leaseMargin is what every context ends before its lease.
	leaseMargin = 2 * time.Second
)

// Run is the longest that a run may take: a host begins none that has less time left.
func (b Budgets) Run() time.Duration { return b.Gather + b.Finalize + afterFinalize }
