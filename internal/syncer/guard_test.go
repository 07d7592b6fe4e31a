package syncer_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
)

func TestGuard_withoutTheLiveManifestRefuses(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		require.NoError(w, os.RemoveAll(filepath.Join(w.st, deployment, "manifests")))
		w.write("a.py", "b")
		w.after(syncer.Deployed) // the last bundle tells what is live
		require.NoError(w, os.RemoveAll(filepath.Join(w.st, deployment, "manifests")))
		require.NoError(w, os.RemoveAll(filepath.Join(w.st, deployment, "cache")))
		w.write("a.py", "c")
		assert.Contains(w, w.after(syncer.Rejected).Reason, "--allow-deletions")
		w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.ByCommand, Overrides: syncer.Overrides{AllowDeletions: true}})
	})
}

func TestSettle_timesOfTheFutureAreNotBelieved(t *testing.T) {
	for name, when := range map[string]time.Time{
		"50 years":  time.Date(2076, 1, 1, 0, 0, 0, 0, time.UTC),
		"year 9999": time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("a.py", "a")
				began := time.Now()
				w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.ByEvent, Newest: when})
				assert.GreaterOrEqual(w, time.Since(began), 3*time.Second, "it settles all the same")
			})
		})
	}
}

// Without that, a target that a pipeline deploys to would lose all its DAGs to a stray run.
func TestGuard_aTargetWithoutSourcesIsNeverEmptied(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		target := w.prepare()
		target.Sources, target.MinFiles, target.MaxDeleted = nil, 0, 100
		record, err := syncer.Syncer{}.Run(w.Context(), target, syncer.Trigger{Kind: syncer.ByCommand})
		assert.Equal(w, fault.Denied, fault.Of(err))
		assert.Contains(w, record.Reason, "dagferry deploy")
		assert.Len(w, w.sim.Live(deployment), 1)
	})
}
