package main

import (
	"hash/fnv"
	"time"
)

// latency is how long S3 takes inside a region (docs/performance.md): 15 to 30 ms to the first byte, 50 ms more for
// each 1,000 keys of a listing, 20 ms more for a write. The seed and what is asked for decide, so that it is the same
// for all who ask.
type latency struct {
	seed uint64
	none bool // for tests
}

const (
	firstByte  = 15 * time.Millisecond
	spread     = 15 * time.Millisecond
	perListing = 50 * time.Millisecond / 1000
	perWrite   = 20 * time.Millisecond
)

// of is the time that a request takes. A listing is as long as the keys that it answers.
func (l latency) of(q request, keys int) time.Duration {
	if l.none {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(q.kind + " " + q.bucket + "/" + q.key + " " + q.query.Get("start-after") + q.query.Get("continuation-token") + q.query.Get("marker")))
	d := firstByte + time.Duration(mix(h.Sum64()^l.seed)%uint64(spread))
	switch q.kind {
	case "list":
		d += perListing * time.Duration(keys)
	case "put":
		d += perWrite
	}
	return d
}

// mix spreads a number's bits over all of it (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
