package sim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
)

// TestCrashPoints kills the worker before and after each request of a schedule of two uploads, and checks that at
// rest what is live is what the bucket holds, with one deploy more at most.
func TestCrashPoints(t *testing.T) {
	dir := spoolDir(t)
	base := schedule{seed: 1, calm: true, script: true}
	calm := played(t, base, dir)
	require.Empty(t, calm.wrong)
	want := calm.deploys()
	require.Equal(t, 2, want)
	points := 0
	for n := 1; n <= calm.requests; n++ {
		for _, after := range []bool{false, true} {
			s := base
			s.killAt, s.killAfter, s.trace = n, after, true
			w := played(t, s, dir)
			require.Empty(t, w.wrong, strings.Join(w.lines, "\n"))
			require.LessOrEqual(t, w.deploys(), want+1, strings.Join(w.lines, "\n"))
			require.GreaterOrEqual(t, w.deploys(), 1)
			points++
		}
	}
	fmt.Printf("sim: %d crash points\n", points)
}

func (w *world) deploys() int {
	n := 0
	for _, d := range w.sim.Deploys(deployment) {
		if d.Status == astro.StatusDeployed {
			n++
		}
	}
	return n
}
