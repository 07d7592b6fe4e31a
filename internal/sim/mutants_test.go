//go:build mutants

package sim

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/mutant"
)

// enough is how many schedules a left-out rule may survive. The slowest is found within a tenth of it.
const enough = 20000

// TestMutants leaves out each rule of the protocol, and expects the simulation to notice.
func TestMutants(t *testing.T) {
	defer mutant.LeaveOut("")
	dir := spoolDir(t)
	for _, rule := range mutant.Rules() {
		t.Run(string(rule), func(t *testing.T) {
			mutant.LeaveOut(rule)
			found := caught(t, rule, dir)
			fmt.Printf("sim: without %s: %s\n", rule, found)
			assert.NotEmpty(t, found, "the simulation did not notice")
		})
	}
	mutant.LeaveOut("")
	require.Empty(t, played(t, scheduleOf(1), dir).wrong)
}

// caught is how the simulation notices that a rule is left out, or "".
func caught(t *testing.T, rule mutant.Rule, dir string) string {
	if rule == mutant.TakeOver {
		return crashesCaught(t, dir)
	}
	for seed := uint64(1); seed <= enough; seed++ {
		if w := played(t, scheduleOf(seed), dir); len(w.wrong) > 0 {
			return fmt.Sprintf("schedule %d: %.150s", seed, w.wrong[0])
		}
	}
	return ""
}

// crashesCaught looks at the crash points: a deploy that came true is made again.
func crashesCaught(t *testing.T, dir string) string {
	base := schedule{seed: 1, calm: true, script: true}
	calm := played(t, base, dir)
	again := 0
	for n := 1; n <= calm.requests; n++ {
		s := base
		s.killAt, s.killAfter = n, true
		if w := played(t, s, dir); w.deploys() > calm.deploys() {
			again++
		}
	}
	// With the rule, only a worker that dies between create and the intent's landing deploys once more.
	mutant.LeaveOut("")
	with := 0
	for n := 1; n <= calm.requests; n++ {
		s := base
		s.killAt, s.killAfter = n, true
		if w := played(t, s, dir); w.deploys() > calm.deploys() {
			with++
		}
	}
	if again <= with {
		return ""
	}
	return fmt.Sprintf("%d crash points instead of %d make a deploy again", again, with)
}
