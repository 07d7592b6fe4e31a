package syncer_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/syncer"
)

// Whoever holds a target may rely on it: nothing becomes live afterwards.
func TestHold_waitsForAFinalize(t *testing.T) {
	for name, run := range map[string]func(w *world) (syncer.Record, error){
		"of DAGs":     func(w *world) (syncer.Record, error) { return w.run(syncer.Trigger{Kind: syncer.ByPipeline}) },
		"of an image": (*world).image,
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("a.py", "1")
				w.build(new(pushed))
				held := make(chan error, 1)
				w.transport = later{w.transport, func(path string) {
					if !strings.HasSuffix(path, "/finalize") {
						return
					}
					hold := w.prepare()
					go func() {
						_, err := syncer.Syncer{}.Hold(w.Context(), hold, "ann", "freeze")
						held <- err
					}()
					wait(5 * time.Second)
					assert.Empty(w, held, "the answer to finalize is on its way")
				}}
				r, err := run(w)
				require.NoError(w, err)
				w.same(syncer.Deployed, r.Outcome)
				require.NoError(w, <-held)
				w.same("ann", w.state().Held.By)
				w.same("", w.state().Finalizing)
			})
		})
	}
}

func TestHold_waitsForADeadRunUntilItsLeaseEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "1")
		w.build(new(pushed))
		w.transport = later{w.transport, func(path string) {
			if strings.HasSuffix(path, "/finalize") {
				runtime.Goexit() // the machine is gone
			}
		}}
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = w.image()
		}()
		<-gone
		left := w.state()
		w.same(w.lastDeploy().ID, left.Finalizing)
		require.Greater(w, time.Until(left.LeaseUntil), time.Minute)
		_, err := syncer.Syncer{}.Hold(w.Context(), w.prepare(), "ann", "freeze")
		require.NoError(w, err)
		assert.WithinDuration(w, left.LeaseUntil, time.Now(), 5*time.Second)
	})
}
