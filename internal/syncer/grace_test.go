package syncer_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket"
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

// stopped is a state's bucket: while its second compare-and-swap is answered, which is the intent's, the process is asked to stop.
type stopped struct {
	bucket.Bucket
	swaps int
	stop  func()
}

func (s *stopped) Swap(ctx context.Context, key string, data []byte, version string) (bucket.Value, error) {
	v, err := s.Bucket.Swap(ctx, key, data, version)
	if s.swaps++; s.swaps == 2 {
		s.stop()
		if ctx.Err() != nil {
			return bucket.Value{}, fault.As(fault.Transient, ctx.Err())
		}
	}
	return v, err
}

// What everybody can see as begun is finished: the intent, or that an image's finalize comes.
func TestRun_graceBeginsWithTheIntent(t *testing.T) {
	for name, image := range map[string]bool{"DAGs": false, "an image": true} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("a.py", "a")
				w.build(new(pushed))
				target := w.prepare()
				ctx, stop := context.WithCancel(w.Context())
				defer stop()
				target.State = &stopped{Bucket: target.State, stop: stop}
				s, why := syncer.Syncer{TempDir: w.TempDir(), Grace: 30 * time.Second}, syncer.Trigger{Kind: syncer.ByPipeline}
				run := func() (syncer.Record, error) { return s.Run(ctx, target, why) }
				if image {
					run = func() (syncer.Record, error) { return s.Image(ctx, target, astro.TypeImageOnly, why) }
				}
				r, err := run()
				require.NoError(w, err)
				assert.Equal(w, syncer.Deployed, r.Outcome)
				assert.Empty(w, w.state().Holder)
			})
		})
	}
}

// A process that is asked to stop while it pushes an image has begun nothing.
func TestImage_graceIsForNothingThatCouldEndYet(t *testing.T) {
	inWorld(t, func(w *world) {
		w.build(new(pushed))
		ctx, stop := context.WithCancel(w.Context())
		defer stop()
		w.target.Build.Image.Push = func(context.Context, string, string) error { stop(); return nil }
		r, err := syncer.Syncer{Grace: 30 * time.Second}.Image(ctx, w.prepare(), astro.TypeImageOnly, syncer.Trigger{Kind: syncer.ByPipeline})
		require.ErrorContains(w, err, "stopped before anything was deployed")
		assert.Equal(w, fault.Transient, fault.Of(err))
		assert.Equal(w, syncer.Failed, r.Outcome)
		assert.NotEqual(w, astro.StatusDeployed, w.lastDeploy().Status)
		assert.Empty(w, w.state().Holder)
	})
}
