package buckettest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

const key = "deployment/state.json"

func swap(t *testing.T, s Store, _ Traits) {
	ctx, b := t.Context(), s.At(t, "state/")
	_, err := b.Swap(ctx, key, []byte("lost"), `"0123456789abcdef0123456789abcdef"`)
	conflict(t, b, err, "a version of what is not there")
	_, err = b.Get(ctx, key)
	require.ErrorIs(t, err, bucket.ErrNotExist, "nothing was written")

	one, err := b.Swap(ctx, key, []byte("one"), "")
	require.NoError(t, err)
	assert.Equal(t, "one", string(one.Data))
	holds(t, b, "one", one.Version)

	_, err = b.Swap(ctx, key, []byte("again"), "")
	conflict(t, b, err, "created twice")
	holds(t, b, "one", one.Version)

	two, err := b.Swap(ctx, key, []byte("two"), one.Version)
	require.NoError(t, err)
	assert.NotEqual(t, one.Version, two.Version)
	_, err = b.Swap(ctx, key, []byte("stale"), one.Version)
	conflict(t, b, err, "a version of before")
	holds(t, b, "two", two.Version)

	s.Delete(t, "state/"+key)
	_, err = b.Swap(ctx, key, []byte("revived"), two.Version)
	conflict(t, b, err, "deleted")
	_, err = b.Get(ctx, key)
	require.ErrorIs(t, err, bucket.ErrNotExist, "nothing was written")
	assert.Empty(t, mustList(t, s.At(t, "")).Objects, "no locks, no unfinished files")
}

func conflict(t *testing.T, b bucket.Bucket, err error, why string) {
	t.Helper()
	require.ErrorIs(t, err, bucket.ErrConflict, why)
	assert.ErrorContains(t, err, b.URL(key))
}

func holds(t *testing.T, b bucket.Bucket, data, version string) {
	t.Helper()
	v, err := b.Get(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, data, string(v.Data))
	assert.Equal(t, version, v.Version)
}

// swapRace: of many who read one version, one writes the next.
func swapRace(t *testing.T, s Store, _ Traits) {
	const racers, rounds = 8, 6
	b := s.At(t, "state/")
	version := ""
	for round := range rounds {
		var (
			mu   sync.Mutex
			won  []bucket.Value
			race sync.WaitGroup
		)
		for racer := range racers {
			race.Go(func() {
				v, err := b.Swap(t.Context(), key, fmt.Appendf(nil, "round %d racer %d", round, racer), version)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					won = append(won, v)
					return
				}
				assert.ErrorIs(t, err, bucket.ErrConflict)
			})
		}
		race.Wait()
		require.Len(t, won, 1)
		holds(t, b, string(won[0].Data), won[0].Version)
		version = won[0].Version
	}
}

// swapCounter: increments by several writers, each through a Bucket of its own, are never lost.
func swapCounter(t *testing.T, s Store, _ Traits) {
	const writers, each = 4, 8
	_, err := s.At(t, "state/").Swap(t.Context(), key, []byte("0"), "")
	require.NoError(t, err)
	var group errgroup.Group
	for range writers {
		b := s.At(t, "state/")
		group.Go(func() error {
			for range each {
				if err := increment(t.Context(), b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	v, err := s.At(t, "state/").Get(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, strconv.Itoa(writers*each), string(v.Data))
}

func increment(ctx context.Context, b bucket.Bucket) error {
	for {
		v, err := b.Get(ctx, key)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(v.Data))
		if err != nil {
			return err
		}
		_, err = b.Swap(ctx, key, []byte(strconv.Itoa(n+1)), v.Version)
		if !errors.Is(err, bucket.ErrConflict) {
			return err
		}
	}
}

func put(t *testing.T, s Store, _ Traits) {
	b := s.At(t, "state/")
	for _, data := range []string{"one", "", "three"} {
		require.NoError(t, b.Put(t.Context(), key, []byte(data)))
		v, err := b.Get(t.Context(), key)
		require.NoError(t, err)
		assert.Equal(t, data, string(v.Data))
	}
	v, err := b.Get(t.Context(), key)
	require.NoError(t, err)
	require.NoError(t, b.Put(t.Context(), key, []byte("four")))
	_, err = b.Swap(t.Context(), key, []byte("lost"), v.Version)
	conflict(t, b, err, "a Put in between")
	assert.Equal(t, []string{"state/" + key}, keys(mustList(t, s.At(t, ""))))
}

// stamps: every answer of a small object and of a listing tells the time, a refusal's too.
func stamps(t *testing.T, s Store, _ Traits) {
	ctx, b := t.Context(), s.At(t, "state/")
	var all []bucket.Stamp
	before := time.Now()
	l, err := b.List(ctx)
	require.NoError(t, err)
	missing, err := b.Get(ctx, key)
	require.ErrorIs(t, err, bucket.ErrNotExist)
	written, err := b.Swap(ctx, key, []byte("{}"), "")
	require.NoError(t, err)
	refused, err := b.Swap(ctx, key, []byte("{}"), "")
	require.ErrorIs(t, err, bucket.ErrConflict)
	got, err := b.Get(ctx, key)
	require.NoError(t, err)
	after := time.Now()

	for i, at := range append(all, l.At, missing.At, written.At, refused.At, got.At) {
		require.Falsef(t, at.IsZero(), "answer %d", i)
		assert.Zero(t, at.Date.Nanosecond())
		assert.False(t, at.Began.Before(before) || at.Arrived.Before(at.Began) || after.Before(at.Arrived), "began, arrived")
		now := time.Now() // the store's clock is this machine's
		assert.False(t, at.Latest(now).Before(now), "a holder never thinks that it is earlier than it is")
		assert.False(t, at.Earliest(now).After(now), "a taker never thinks that it is later than it is")
		assert.WithinDuration(t, now, at.Latest(now), 5*time.Second)
		assert.WithinDuration(t, now, at.Earliest(now), 5*time.Second)
	}
}

// ended: a context that is over decides nothing about the work, and nothing is done.
func ended(t *testing.T, s Store, _ Traits) {
	s.Upload(t, "state/a", []byte("a"))
	b := s.At(t, "state/")
	a := find(t, b, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	_, listed := b.List(ctx)
	_, opened := b.Open(ctx, a)
	_, got := b.Get(ctx, "a")
	_, swapped := b.Swap(ctx, key, []byte("x"), "")
	for verb, err := range map[string]error{
		"list": listed, "open": opened, "get": got, "swap": swapped, "put": b.Put(ctx, key, []byte("x")),
	} {
		if assert.Error(t, err, verb) {
			assert.Equalf(t, fault.Transient, fault.Of(err), "%s: %v", verb, err)
		}
	}
	assert.Less(t, time.Since(began), time.Second)
	_, err := b.Get(t.Context(), key)
	assert.ErrorIs(t, err, bucket.ErrNotExist, "nothing was written")
}
