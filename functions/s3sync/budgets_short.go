//go:build shortbudgets

package main

import (
	"time"

	"github.com/dagferry/dagferry/internal/syncer"
)

// budgets for a test that kills functions in real time: with the ones that ship, one killed run's lease would take half
// of the test. Nothing else differs.
func budgets() syncer.Budgets {
	return syncer.Budgets{Gather: 12 * time.Second, Finalize: 8 * time.Second, Timeout: syncer.LambdaBudgets().Timeout}
}
