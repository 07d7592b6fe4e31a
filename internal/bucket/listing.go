package bucket

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"time"
)

// Listing is everything under a prefix, sorted by key in byte order, and the store's time of the answer.
type Listing struct {
	Objects []Object
	At      Stamp
}

// NewListing sorts the objects.
func NewListing(objects []Object, at Stamp) Listing {
	slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	return Listing{objects, at}
}

// Join is the listing whose parts were listed side by side, each with the time of its last answer.
func Join(parts [][]Object, stamps []Stamp) Listing {
	var last Stamp
	for _, at := range stamps {
		if at.Arrived.After(last.Arrived) {
			last = at
		}
	}
	return NewListing(slices.Concat(parts...), last)
}

// Newest is the newest LastModified, or the zero time.
func (l Listing) Newest() time.Time {
	var newest time.Time
	for _, o := range l.Objects {
		if o.LastModified.After(newest) {
			newest = o.LastModified
		}
	}
	return newest
}

// Key is the listing key of the protocol: a hash of what shapes the result (each a string, in a fixed order) and of
// the listings. Every part is length-prefixed, so that no two inputs run together into one. Comparing it costs a
// listing and no reads. An object counts with (key, size, generation) where the store has generations, else with
// (key, size, ETag, LastModified).
func Key(shape []string, listings ...Listing) string {
	k := keyed{hash: sha256.New()}
	k.int(int64(len(shape)))
	for _, s := range shape {
		k.string(s)
	}
	for _, l := range listings {
		k.int(int64(len(l.Objects)))
		for _, o := range l.Objects {
			k.string(o.Key)
			k.int(o.Size)
			k.int(o.Generation)
			if o.Generation == 0 {
				k.string(o.ETag)
				k.int(o.LastModified.UnixNano())
			}
		}
	}
	return hex.EncodeToString(k.hash.Sum(nil))
}

// keyed hashes numbers and length-prefixed strings, by way of one buffer.
type keyed struct {
	hash   hash.Hash
	buffer []byte
}

func (k *keyed) string(s string) {
	k.int(int64(len(s)))
	k.buffer = append(k.buffer[:0], s...)
	k.hash.Write(k.buffer)
}

func (k *keyed) int(n int64) {
	k.buffer = binary.BigEndian.AppendUint64(k.buffer[:0], uint64(n)) //nolint:gosec // a bit pattern to be hashed, not a number
	k.hash.Write(k.buffer)
}
