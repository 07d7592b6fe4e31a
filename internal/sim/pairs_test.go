package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPairs: two files are replaced together, for ever, while runs go on. Waiting for the bucket to settle keeps them
// together; without it one goes out without the other.
func TestPairs(t *testing.T) {
	dir := spoolDir(t)
	deploys, torn := 0, 0
	for seed := uint64(1); seed <= 5; seed++ {
		s := schedule{seed: seed, calm: true, pairs: 4 * time.Second}
		w := played(t, s, dir)
		require.Empty(t, w.wrong, "seed %d", seed)
		deploys += w.deploys()
		s.rash = true
		torn += len(played(t, s, dir).wrong)
	}
	assert.Greater(t, deploys, 5*10)
	assert.NotZero(t, torn, "without settle the same writers are seen between their writes, or this shows nothing")
	fmt.Printf("sim: %d deploys of pairs, none torn; %d torn without settle\n", deploys, torn)
}
