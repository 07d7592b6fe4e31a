package state

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
)

// Store is the state of one Deployment in a bucket.
type Store struct {
	bucket     bucket.Bucket
	deployment string
	now        func() time.Time
}

// NewStore is the state of a Deployment at a location; now is the asker's own clock, of which only differences count.
func NewStore(location bucket.Bucket, deployment string, now func() time.Time) *Store {
	return &Store{location, deployment, now}
}

// Snapshot is the state as it was read or written.
type Snapshot struct {
	State
	version string
	at      bucket.Stamp
}

// Exists reports whether there is a state already.
func (s Snapshot) Exists() bool { return s.version != "" }

// Leased reports whether somebody's lease still runs, by the earliest that the store's clock can show.
func (s *Store) Leased(snap Snapshot) bool {
	return !mutant.LeavesOut(mutant.Lease) && snap.Holder != "" && !snap.at.Earliest(s.now()).After(snap.LeaseUntil)
}

// Time is the store's time by a snapshot, at the latest: what is written into the state.
func (s *Store) Time(snap Snapshot) time.Time {
	return snap.at.Latest(s.now()).UTC().Truncate(time.Millisecond)
}

func (s *Store) key() string { return s.deployment + "/state.json" }

// URL names the state for people.
func (s *Store) URL() string { return s.bucket.URL(s.key()) }

// Read reads the state. Where there is none yet, the snapshot does not exist and is empty.
func (s *Store) Read(ctx context.Context) (Snapshot, error) {
	v, err := s.bucket.Get(ctx, s.key())
	if errors.Is(err, bucket.ErrNotExist) {
		return Snapshot{at: v.At}, nil
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("read the state: %w", err)
	}
	if v.At.IsZero() {
		return Snapshot{}, noTime(s.URL())
	}
	st, err := decode(v.Data, s.URL())
	return Snapshot{st, v.Version, v.At}, err
}

// noTime is an answer without a Date. No Date, no lease.
func noTime(url string) error {
	return fault.Errorf(fault.Denied, "read %s: the answer has no Date header, so leases cannot be timed. "+
		"Something between here and the store takes it out", url)
}

// swap writes the state if it is still the one of the snapshot. It fails with errUncertain when only reading again
// can tell what happened.
func (s *Store) swap(ctx context.Context, from Snapshot, to State) (Snapshot, error) {
	data, err := encode(to)
	if err != nil {
		return from, err
	}
	v, err := s.bucket.Swap(ctx, s.key(), data, from.version)
	switch {
	case err == nil && v.At.IsZero():
		return from, noTime(s.URL())
	case err == nil:
		return Snapshot{to, v.Version, v.At}, nil
	case fault.Of(err) == fault.Denied:
		return from, fmt.Errorf("write the state: %w", err)
	}
	return from, fmt.Errorf("%w: %w", errUncertain, err)
}

// errUncertain means that a write was refused by its condition, or was not answered: it may have landed.
var errUncertain = errors.New("write the state")

// reread reads the state after an uncertain write. A state that was there and is gone is never made anew: its fence
// would start again.
func (s *Store) reread(ctx context.Context, before Snapshot) (Snapshot, error) {
	snap, err := s.Read(ctx)
	if err == nil && before.Exists() && !snap.Exists() {
		return snap, fault.Errorf(fault.Broken, "the state %s was removed while a run was at work. Restore it: without it, nobody knows what is live", s.URL())
	}
	return snap, err
}

// SaveManifest keeps what a bundle holds, under its digest.
func (s *Store) SaveManifest(ctx context.Context, digest string, m bundle.Manifest) error {
	return s.save(ctx, s.manifest(digest), m)
}

// Manifest is what the bundle with a digest holds; bucket.ErrNotExist if that was not kept.
func (s *Store) Manifest(ctx context.Context, digest string) (bundle.Manifest, error) {
	var m bundle.Manifest
	v, err := s.bucket.Get(ctx, s.manifest(digest))
	if err != nil {
		return m, fmt.Errorf("read the manifest: %w", err)
	}
	if err := json.Unmarshal(v.Data, &m); err != nil {
		return m, fmt.Errorf("read the manifest %s: %w", s.bucket.URL(s.manifest(digest)), err)
	}
	return m, nil
}

func (s *Store) manifest(digest string) string {
	return s.deployment + "/manifests/" + strings.ReplaceAll(digest, ":", "-") + ".json"
}

// Cache is the last bundle, as SaveCache was given it; bucket.ErrNotExist if there is none.
func (s *Store) Cache(ctx context.Context) ([]byte, error) {
	v, err := s.bucket.Get(ctx, s.cache())
	if err != nil {
		return nil, fmt.Errorf("read the last bundle: %w", err)
	}
	return v.Data, nil
}

// SaveCache keeps a bundle in the place of the last one. Nothing depends on it but speed.
func (s *Store) SaveCache(ctx context.Context, data []byte) error {
	return s.bucket.Put(ctx, s.cache(), data)
}

func (s *Store) cache() string { return s.deployment + "/cache/bundle" }

// SaveRun keeps a run's record. Records sort by time: id begins with it.
func (s *Store) SaveRun(ctx context.Context, id string, record any) error {
	return s.save(ctx, s.deployment+"/runs/"+id+".json", record)
}

// Run reads a run's record.
func (s *Store) Run(ctx context.Context, id string, record any) error {
	v, err := s.bucket.Get(ctx, s.deployment+"/runs/"+id+".json")
	if err != nil {
		return fmt.Errorf("read the run %s: %w", id, err)
	}
	return json.Unmarshal(v.Data, record)
}

func (s *Store) save(ctx context.Context, key string, what any) error {
	data, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return s.bucket.Put(ctx, key, data)
}

// NewID is an id that sorts by time, in whole seconds, such as 20260301T120000-k3x7q2ab.
func NewID(now time.Time) string {
	return now.UTC().Format("20060102T150405") + "-" + random(8)
}

// newLineage is long enough that two never meet.
func newLineage() string { return random(16) }

func random(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567" // 32 of them: a byte's low bits choose evenly
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b)
}

// Edit changes the state without the lease, as often as it takes: for people's commands, which other writes may come
// before. It fails where there is no state yet.
func (s *Store) Edit(ctx context.Context, change func(*State)) (Snapshot, error) {
	const tries = 10 // a holder writes a handful of times in minutes
	var snap Snapshot
	var err error
	for range tries {
		if snap, err = s.Read(ctx); err != nil {
			return snap, err
		}
		if !snap.Exists() {
			return snap, fault.Errorf(fault.Denied, "there is no state yet at %s: make the first run with dagferry sync", s.URL())
		}
		if snap, err = s.Change(ctx, snap, change); err == nil || fault.Of(err) != fault.Busy {
			return snap, err
		}
	}
	return snap, err
}
