// Package buckettest is the one contract of bucket.Bucket, which every adapter passes against a real store. The sync's
// promises (no mix of two states, no lost update) rest on what is asserted here, and nothing above may ask for more.
package buckettest

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
)

// Store is an empty store of its own, and what an author does to it. Keys are whole keys, not below a prefix.
type Store interface {
	// At is a new Bucket at a prefix, "" for the whole store.
	At(t testing.TB, prefix string) bucket.Bucket
	// Upload writes an object as authors' tools do: unconditionally. It may be called from any goroutine.
	Upload(t testing.TB, key string, data []byte)
	// Delete removes an object.
	Delete(t testing.TB, key string)
}

// Traits are what stores differ in.
type Traits struct {
	// Markers: keys that end in "/" are objects.
	Markers bool
	// Control: keys may hold control characters.
	Control bool
}

// Run asserts the contract; open makes a new store for each case.
func Run(t *testing.T, traits Traits, open func(testing.TB) Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Store, Traits)
	}{
		{"List", list},
		{"List_manyKeys", listMany},
		{"List_oddKeys", listOdd},
		{"List_isNewEachTime", listAgain},
		{"Open_isPinned", openPinned},
		{"Open_changeWhileReading", openWhileChanging},
		{"Open_keepsBytes", openBytes},
		{"Get", get},
		{"Swap", swap},
		{"Swap_oneOfManyWins", swapRace},
		{"Swap_countsUp", swapCounter},
		{"Put", put},
		{"Stamp", stamps},
		{"endedContext", ended},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t), traits) })
	}
}

func keys(l bucket.Listing) []string {
	all := []string{}
	for _, o := range l.Objects {
		all = append(all, o.Key)
	}
	return all
}

func mustList(t *testing.T, b bucket.Bucket) bucket.Listing {
	t.Helper()
	l, err := b.List(t.Context())
	require.NoError(t, err)
	return l
}

// find is the one object of a key.
func find(t *testing.T, b bucket.Bucket, key string) bucket.Object {
	t.Helper()
	for _, o := range mustList(t, b).Objects {
		if o.Key == key {
			return o
		}
	}
	require.Failf(t, "not listed", "%s", b.URL(key))
	return bucket.Object{}
}

func read(t *testing.T, b bucket.Bucket, o bucket.Object) ([]byte, error) {
	t.Helper()
	r, err := b.Open(t.Context(), o)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // only read from
	return io.ReadAll(r)
}
