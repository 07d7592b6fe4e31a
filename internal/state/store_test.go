package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/state"
)

// clock is a wall clock that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

type fixture struct {
	*state.Store
	clock *clock
	path  string
	lossy *lossy
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	path := t.TempDir()
	c := &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b, err := dir.Open(path, dir.Options{Now: c.now})
	require.NoError(t, err)
	l := &lossy{Bucket: b}
	return fixture{state.NewStore(l, "clx1", c.now), c, filepath.Join(path, "clx1", "state.json"), l}
}

// lossy loses the answers of writes that it is told to lose: they were applied.
type lossy struct {
	bucket.Bucket
	lose, refuse int
}

func (l *lossy) Swap(ctx context.Context, key string, data []byte, version string) (bucket.Value, error) {
	if l.refuse > 0 {
		l.refuse--
		return bucket.Value{}, fault.As(fault.Transient, errors.New("503"))
	}
	v, err := l.Bucket.Swap(ctx, key, data, version)
	if l.lose > 0 && err == nil {
		l.lose--
		return bucket.Value{}, fault.As(fault.Transient, errors.New("the answer was lost"))
	}
	return v, err
}

func (f fixture) read(t *testing.T) state.Snapshot {
	t.Helper()
	snap, err := f.Read(t.Context())
	require.NoError(t, err)
	return snap
}

func (f fixture) acquire(t *testing.T, run string) *state.Lease {
	t.Helper()
	l, err := f.Acquire(t.Context(), f.read(t), run, time.Minute, nil)
	require.NoError(t, err)
	return l
}

func TestAcquire_firstCreatesTheState(t *testing.T) {
	f := newFixture(t)
	require.False(t, f.read(t).Exists())
	l := f.acquire(t, "r1")
	assert.NotEmpty(t, l.Lineage)
	assert.EqualValues(t, 1, l.Fence)
	assert.Equal(t, "r1", f.read(t).Holder)
	assert.True(t, f.Leased(f.read(t)))
}

func TestAcquire_runningLeaseIsBusy(t *testing.T) {
	f := newFixture(t)
	f.acquire(t, "r1")
	f.clock.pass(59 * time.Second)
	_, err := f.Acquire(t.Context(), f.read(t), "r2", time.Minute, nil)
	require.Equal(t, fault.Busy, fault.Of(err), "%v", err)
	assert.ErrorContains(t, err, "r1")
}

func TestAcquire_expiredLeaseIsTaken(t *testing.T) {
	f := newFixture(t)
	old := f.acquire(t, "r1")
	f.clock.pass(62 * time.Second) // a minute, a second of rounding, and one more
	taken := f.acquire(t, "r2")
	assert.EqualValues(t, 2, taken.Fence)
	assert.Equal(t, old.Lineage, taken.Lineage)

	err := old.Update(t.Context(), func(s *state.State) error { s.Held = &state.Hold{}; return nil })
	assert.Equal(t, fault.Busy, fault.Of(err), "the old holder must notice: %v", err)
	err = old.Release(t.Context(), nil)
	assert.Equal(t, fault.Busy, fault.Of(err))
	assert.Equal(t, "r2", f.read(t).Holder)
	assert.Nil(t, f.read(t).Held)
}

func TestAcquire_oneOfManyWins(t *testing.T) {
	f := newFixture(t)
	snap := f.read(t)
	var mu sync.Mutex
	var won int
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			_, err := f.Acquire(t.Context(), snap, fmt.Sprint("r", i), time.Minute, nil)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
				return
			}
			assert.Equal(t, fault.Busy, fault.Of(err), "%v", err)
		})
	}
	wait.Wait()
	assert.Equal(t, 1, won)
}

func TestAcquire_lostAnswerIsFoundOut(t *testing.T) {
	f := newFixture(t)
	f.lossy.lose = 1
	l := f.acquire(t, "r1")
	assert.Equal(t, "r1", l.Holder)
	require.NoError(t, l.Release(t.Context(), nil), "the lease goes on from what was read again")
}

func TestAcquire_refusedIsBusy(t *testing.T) {
	f := newFixture(t)
	f.lossy.refuse = 1
	_, err := f.Acquire(t.Context(), f.read(t), "r1", time.Minute, nil)
	assert.Equal(t, fault.Busy, fault.Of(err))
}

func TestUpdate_rebasesOnWhatPeopleWrote(t *testing.T) {
	f := newFixture(t)
	l := f.acquire(t, "r1")
	_, err := f.Change(t.Context(), f.read(t), func(s *state.State) { s.Held = &state.Hold{By: "ann"} })
	require.NoError(t, err)
	var saw []string
	require.NoError(t, l.Update(t.Context(), func(s *state.State) error {
		if s.Held != nil {
			saw = append(saw, s.Held.By)
		}
		s.Redeploy = &state.Redeploy{Why: state.Forced}
		return nil
	}))
	assert.Equal(t, []string{"ann"}, saw, "the second try is on the newer state")
	got := f.read(t)
	assert.Equal(t, "ann", got.Held.By)
	assert.Equal(t, state.Forced, got.Redeploy.Why)
	assert.Equal(t, "r1", got.Holder)
}

func TestUpdate_errorOfChangeWritesNothing(t *testing.T) {
	f := newFixture(t)
	l := f.acquire(t, "r1")
	no := errors.New("no")
	require.ErrorIs(t, l.Update(t.Context(), func(s *state.State) error { s.Held = &state.Hold{}; return no }), no)
	assert.Nil(t, f.read(t).Held)
}

func TestRelease_lostAnswerIsFoundOut(t *testing.T) {
	f := newFixture(t)
	l := f.acquire(t, "r1")
	f.lossy.lose = 1
	require.NoError(t, l.Release(t.Context(), func(s *state.State) { s.Deployed = &state.Deploy{Digest: "d"} }))
	assert.Equal(t, "d", f.read(t).Deployed.Digest)
	assert.Empty(t, f.read(t).Holder)
	assert.True(t, f.read(t).LeaseUntil.IsZero())
}

func TestRelease_landedThoughSomebodyAcquiredSince(t *testing.T) {
	f := newFixture(t)
	l := f.acquire(t, "r1")
	f.lossy.refuse = 1
	require.NoError(t, l.Release(t.Context(), nil), "a refused write is tried again")
	f.acquire(t, "r2")
	assert.EqualValues(t, 2, f.read(t).Fence)
}

func TestRead_removedStateIsNeverMadeAnew(t *testing.T) {
	f := newFixture(t)
	l := f.acquire(t, "r1")
	require.NoError(t, os.Remove(f.path))
	err := l.Release(t.Context(), nil)
	require.Equal(t, fault.Broken, fault.Of(err), "%v", err)
	assert.False(t, f.read(t).Exists())
}

func TestRead_whatDagferryDidNotWrite(t *testing.T) {
	for body, kind := range map[string]fault.Kind{
		"hello":              fault.Broken,
		`{"version": 1}`:     fault.Broken,
		`{"version": 99}`:    fault.Denied,
		`{"fence": "seven"}`: fault.Broken,
		`[]`:                 fault.Broken,
		"":                   fault.Broken,
	} {
		f := newFixture(t)
		require.NoError(t, os.MkdirAll(filepath.Dir(f.path), 0o755))
		require.NoError(t, os.WriteFile(f.path, []byte(body), 0o600))
		_, err := f.Read(t.Context())
		require.Error(t, err, body)
		assert.Equal(t, kind, fault.Of(err), body)
		assert.ErrorContains(t, err, "state.json")
		left, readErr := os.ReadFile(f.path)
		require.NoError(t, readErr)
		assert.Equal(t, body, string(left), "it is left as it is")
	}
}

func TestManifest_isKeptUnderItsDigest(t *testing.T) {
	f := newFixture(t)
	m := bundle.NewManifest(bundle.LayoutDags, []bundle.Entry{{Path: "a.py", Size: 1, SHA256: "00"}})
	require.NoError(t, f.SaveManifest(t.Context(), m.Digest(), m))
	got, err := f.Manifest(t.Context(), m.Digest())
	require.NoError(t, err)
	assert.Equal(t, m.Digest(), got.Digest())
	_, err = f.Manifest(t.Context(), "sha256:none")
	assert.ErrorIs(t, err, bucket.ErrNotExist)
}

func TestParseTag(t *testing.T) {
	tag, ok := state.ParseTag(state.Describe("lin", 41, "20260301T120000-abc", "sha256:00", "3 files"))
	require.True(t, ok)
	assert.Equal(t, state.Tag{Lineage: "lin", Fence: 41, Run: "20260301T120000-abc"}, tag)
	tag, ok = state.ParseTag(state.Describe("lin", 41, "r1", "sha256:00", state.PrebuiltImage+", no DAGs"))
	assert.True(t, ok && tag.Prebuilt)
	tag, ok = state.ParseTag(state.Describe("lin", 41, "r1", "sha256:00", "image, no DAGs: a "+state.PrebuiltImage))
	assert.True(t, ok && !tag.Prebuilt, "what people write does not count")
	for _, other := range []string{"", "dagferry is great", "Deployed via <astro deploy --dags>", "dagferry lin f1 rx md5:0"} {
		_, ok := state.ParseTag(other)
		assert.False(t, ok, other)
	}
}
