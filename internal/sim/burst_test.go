package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBursts: how many deploys a burst becomes, and how soon after its last upload it is live.
func TestBursts(t *testing.T) {
	dir := spoolDir(t)
	for name, tc := range map[string]struct {
		uploads, workers, deploys int
		over, within              time.Duration
	}{
		"500 in 25 s":         {uploads: 500, over: 25 * time.Second, deploys: 1, within: 10 * time.Second},
		"500 in 120 s":        {uploads: 500, over: 120 * time.Second, deploys: 2, within: 20 * time.Second},
		"10 in 20 s":          {uploads: 10, over: 20 * time.Second, deploys: 4, within: 10 * time.Second},
		"1000 at once, to 10": {uploads: 1000, workers: 10, deploys: 2, within: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 2; seed++ {
				w := played(t, schedule{seed: seed, calm: true, burst: tc.uploads, over: tc.over, workers: tc.workers}, dir)
				require.Empty(t, w.wrong)
				require.Equal(t, tc.uploads, w.uploads)
				assert.LessOrEqual(t, w.deploys(), tc.deploys)
				assert.LessOrEqual(t, w.became.Sub(w.uploaded), tc.within)
				if seed == 1 {
					fmt.Printf("sim: %s: %d deploys, live %s after the last upload\n", name, w.deploys(), w.became.Sub(w.uploaded).Round(100*time.Millisecond))
				}
			}
		})
	}
}
