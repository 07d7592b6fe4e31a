package syncer_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
)

// A process is asked to stop while Astro works on its finalize.
func TestRun_graceFinishesADeployThatHasBegun(t *testing.T) {
	for name, tc := range map[string]struct {
		grace, cancelAfter time.Duration
		outcome            syncer.Outcome
		kept               bool // the lease
	}{
		"enough":                     {30 * time.Second, 8 * time.Second, syncer.Deployed, false},
		"too little":                 {time.Second, 8 * time.Second, syncer.Busy, true},
		"none":                       {0, 8 * time.Second, syncer.Busy, true},
		"nothing has been finalized": {30 * time.Second, time.Second, syncer.Failed, false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorldOf(t, astrotest.Options{FinalizeTakes: 10 * time.Second}, func(w *world) {
				w.write("a.py", "a")
				ctx, cancel := context.WithCancel(w.Context())
				defer cancel()
				time.AfterFunc(tc.cancelAfter, cancel)
				r, err := syncer.Syncer{TempDir: w.TempDir(), Grace: tc.grace}.Run(ctx, w.prepare(), syncer.Trigger{Kind: syncer.ByPoll})
				assert.Equal(w, tc.outcome, r.Outcome, "%v", err)
				assert.Equal(w, tc.kept, w.state().Holder != "")
				if tc.outcome == syncer.Failed {
					assert.Equal(w, fault.Transient, fault.Of(err))
				}
			})
		})
	}
}
