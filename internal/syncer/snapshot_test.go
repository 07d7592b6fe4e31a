package syncer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

func TestRun_settlesBeforeItReads(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		began := time.Now()
		w.after(syncer.Deployed)
		assert.GreaterOrEqual(w, time.Since(began), 3*time.Second)

		wait(time.Hour)
		w.write("b.py", "b")
		wait(10 * time.Second)
		began = time.Now()
		w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.BySweep})
		assert.Less(w, time.Since(began), 3*time.Second, "what is old enough is not waited for")
	})
}

func TestRun_fileThatChangesWhileItIsReadIsReadAnew(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "old a")
		w.write("b.py", "old b")
		w.opened = func(string) {
			w.opened = nil
			w.write("a.py", "new a")
			w.write("b.py", "new b")
		}
		w.after(syncer.Deployed)
		w.same(1, w.deploys())
		w.same(w.state().Deployed.Digest, w.after(syncer.Unchanged).Live.Digest)
		w.same([]int64{5, 5}, w.sizes())
	})
}

// Two files are replaced between the reads, so that each read by itself is sound.
func TestRun_treeThatChangesBetweenTheReadsIsNotTorn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "old")
		w.write("z.py", "old")
		w.after(syncer.Deployed)
		wait(time.Minute)
		w.write("a.py", "old!")
		w.write("z.py", "new")
		wait(time.Minute)
		done := false
		w.opened = func(key string) {
			if key == "z.py" && !done {
				done = true // a.py may have been read by now, or not; z.py is still the listed one when it is read
				w.write("a.py", "newer")
			}
		}
		w.sweep(syncer.Deployed)
		w.same([]int64{5, 3}, w.sizes())
	})
}

// What the last bundle has is not read, so that nobody would notice that it changed meanwhile, but for the second listing.
func TestRun_whatChangesWhileItIsTakenFromTheLastBundleIsNotTorn(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "old")
		w.write("z.py", "old")
		w.after(syncer.Deployed)
		wait(time.Minute)
		w.write("a.py", "new!")
		wait(time.Minute)
		w.opened = func(key string) {
			w.same("a.py", key)
			w.opened = nil
			w.write("z.py", "newer")
		}
		w.sweep(syncer.Deployed)
		w.same([]int64{4, 5}, w.sizes())
		w.same(2, w.deploys())
	})
}

func TestRun_treeThatNeverSettlesIsReported(t *testing.T) {
	inWorld(t, func(w *world) {
		n := 0
		w.opened = func(string) { n++; w.write("a.py", fmt.Sprint("version ", n)) }
		w.write("a.py", "first")
		began := time.Now()
		r := w.after(syncer.Busy)
		assert.Contains(w, r.Reason, "unsettled")
		assert.Less(w, time.Since(began), 70*time.Second)
		assert.Empty(w, w.state().Holder)
		w.same("", w.live())
	})
}

func TestRun_markerKeepsHalfABatchBackWhileARedeployIsOpen(t *testing.T) {
	inWorld(t, func(w *world) {
		w.target.Marker = "_READY"
		w.write("a.py", "a")
		w.write("_READY", "")
		w.after(syncer.Deployed)
		w.edit(func(s *state.State) { s.Redeploy = &state.Redeploy{Why: state.Forced, ID: "x"} })
		w.write("b.py", "half a batch")
		w.after(syncer.Unchanged)
		w.same("a.py", w.live())
		assert.NotNil(w, w.state().Redeploy, "it stays due")
		w.remove("b.py")
		w.after(syncer.Deployed)
		assert.Nil(w, w.state().Redeploy)
		w.same(2, w.deploys())
	})
}

func (w *world) sizes() (sizes []int64) {
	for _, f := range w.sim.Live(deployment) {
		sizes = append(sizes, f.Size)
	}
	return sizes
}

// before calls do before each listing, with its number.
type before struct {
	bucket.Bucket
	n  *int
	do func(n int)
}

func (b before) List(ctx context.Context) (bucket.Listing, error) {
	*b.n++
	b.do(*b.n)
	return b.Bucket.List(ctx)
}

// Two sources are listed one after the other: what changes in both in between must not be seen in one only.
func TestRun_sourcesAreOneSnapshot(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		other := w.TempDir()
		add := func(name string) {
			path := filepath.Join(other, name)
			require.NoError(w, os.WriteFile(path, []byte("x"), 0o600))
			require.NoError(w, os.Chtimes(path, time.Now(), time.Now()))
		}
		add("b.py")
		wait(time.Minute)
		target, lists := w.prepare(), 0
		target.Settle = 0
		target.Sources = append(target.Sources, syncer.Source{Mount: "ml", Bucket: before{w.open(other), &lists, func(n int) {
			if n == 1 {
				w.write("c.py", "c")
				add("d.py")
			}
		}}})
		r, err := syncer.Syncer{TempDir: w.TempDir()}.Run(w.Context(), target, syncer.Trigger{Kind: syncer.ByEvent})
		require.NoError(w, err)
		w.same(syncer.Deployed, r.Outcome)
		w.same("a.py c.py ml/b.py ml/d.py", w.live())
		w.same(1, w.deploys())
	})
}

// A changed configuration takes effect on what the last marker completed. What was written since still waits.
func TestRun_changedConfigurationNeedsNoNewMarker(t *testing.T) {
	inWorld(t, func(w *world) {
		w.target.Marker = "_READY"
		w.write("a.py", "a")
		w.write("b.py", "broken")
		w.write("c.py", "c")
		w.write("_READY", "1")
		w.after(syncer.Rejected)
		wait(time.Minute)
		w.target.Ignore = []string{"b.py"} // the remedy that a rejection names
		w.sweep(syncer.Deployed)
		w.same("a.py c.py", w.live())
		wait(time.Minute)
		w.target.Ignore = []string{"b.py", "c.py"}
		w.write("d.py", "half a batch")
		w.sweep(syncer.Unchanged)
		w.same("a.py c.py", w.live())
		w.remove("d.py")
		w.sweep(syncer.Deployed)
		w.same("a.py", w.live())
		w.target.Ignore = nil
		w.write("b.py", "sound")
		w.sweep(syncer.Unchanged)
		w.write("_READY", "2")
		w.after(syncer.Deployed)
		w.same("a.py b.py c.py", w.live())
	})
}
