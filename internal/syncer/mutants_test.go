//go:build mutants

package syncer_test

import (
	"testing"
	"time"

	"github.com/dagferry/dagferry/internal/mutant"
	"github.com/dagferry/dagferry/internal/syncer"
)

// Without the markers in the key, a marker without a change is never used up, and the next half batch goes out under
// it: TestRun_markerSaysWhenASourceIsComplete would fail.
func TestMutant_markersInKey(t *testing.T) {
	mutant.LeaveOut(mutant.MarkersInKey)
	defer mutant.LeaveOut("")
	inWorld(t, func(w *world) {
		w.target.Marker = "_READY"
		w.write("a.py", "a")
		w.write("_READY", "")
		w.after(syncer.Deployed)
		wait(time.Minute)
		w.write("_READY", "")
		w.after(syncer.Unchanged)
		wait(time.Minute)
		w.write("half.py", "b")
		w.after(syncer.Deployed)
		w.same("a.py half.py", w.live())
	})
}
