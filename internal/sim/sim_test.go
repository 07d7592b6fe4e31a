package sim

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

var (
	schedules = flag.Int("sim.schedules", 2000, "how many schedules are played")
	oneSeed   = flag.Uint64("sim.seed", 0, "play this seed alone, and show what happens")
)

// scheduleOf is the schedule of a seed: some without sweeps, some without people, some with markers. Where all is calm,
// markers come without people: a batch that somebody holds back is not live when the author goes on, and no marker can
// keep the next one out of it then.
func scheduleOf(seed uint64) schedule {
	markers := seed%16 == 9 || seed%16 == 11 || seed%16 == 12
	calm := seed%8 == 3
	return schedule{seed: seed, strict: seed%4 == 0, people: seed%2 == 1 && (!calm || !markers), calm: calm, markers: markers}
}

// played plays a schedule in a bubble of its own.
func played(t *testing.T, s schedule, dir string) *world {
	var w *world
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(s, dir)
		w.play(t)
		w.checkAtRest()
		close(w.gate.over)
		synctest.Wait()
	})
	return w
}

// TestSimulation plays schedules and checks I1 to I6 at each step that can break them. A failure names its seed, and
// shows the shortest trace that was found; go test ./internal/sim -run TestSimulation -sim.seed N plays it again.
func TestSimulation(t *testing.T) {
	dir := spoolDir(t)
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	if *oneSeed != 0 {
		s := scheduleOf(*oneSeed)
		s.trace = true
		w := played(t, s, dir)
		t.Log("\n" + strings.Join(w.lines, "\n"))
		require.Empty(t, w.wrong)
		return
	}
	var next, violations atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(*schedules) || violations.Load() > 10 {
					return
				}
				if w := played(t, scheduleOf(uint64(n)), dir); len(w.wrong) > 0 {
					violations.Add(1)
					report(t, scheduleOf(uint64(n)), dir)
				}
			}
		})
	}
	wait.Wait()
	fmt.Printf("sim: %d schedules, %d violations\n", min(next.Load(), int64(*schedules)), violations.Load())
	require.Zero(t, violations.Load())
}

// spoolDir is in memory where that is known to be.
func spoolDir(t *testing.T) string {
	if _, err := os.Stat("/dev/shm"); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "dagferry-sim-*")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// report shows the shortest trace of a violation that leaving out choices finds.
func report(t *testing.T, s schedule, dir string) {
	s.skip = map[uint64]bool{}
	choices := played(t, s, dir).choices
	for size := choices / 2; size >= 1; size /= 2 {
		for from := uint64(1); from <= choices; from += size {
			tried := map[uint64]bool{}
			for n := range s.skip {
				tried[n] = true
			}
			for n := from; n < from+size; n++ {
				tried[n] = true
			}
			shorter := s
			shorter.skip = tried
			if len(played(t, shorter, dir).wrong) > 0 {
				s.skip = tried
			}
		}
		if choices/max(size, 1) > 256 {
			break
		}
	}
	s.trace = true
	w := played(t, s, dir)
	t.Errorf("seed %d:\n%s\n%s", s.seed, strings.Join(w.wrong, "\n"), strings.Join(w.lines, "\n"))
}
