package bucket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/dagferry/dagferry/internal/bucket"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func listing(objects ...bucket.Object) bucket.Listing {
	return bucket.NewListing(objects, bucket.Stamp{})
}

func TestKey_whateverTheOrderOfArrival(t *testing.T) {
	a, b := bucket.Object{Key: "a", Size: 1, ETag: `"1"`}, bucket.Object{Key: "b", Size: 2, ETag: `"2"`}
	assert.Equal(t, bucket.Key(nil, listing(a, b)), bucket.Key(nil, listing(b, a)))
}

func TestKey_everythingThatCountsChangesIt(t *testing.T) {
	base := bucket.Object{Key: "a", Size: 1, ETag: `"1"`, LastModified: noon}
	change := func(f func(*bucket.Object)) string {
		o := base
		f(&o)
		return bucket.Key([]string{"s"}, listing(o))
	}
	keys := []string{
		bucket.Key([]string{"s"}, listing(base)),
		bucket.Key([]string{"t"}, listing(base)),
		bucket.Key([]string{"s"}, listing()),
		bucket.Key([]string{"s"}, listing(base), listing()),
		bucket.Key([]string{"s"}, listing(), listing(base)),
		change(func(o *bucket.Object) { o.Key = "b" }),
		change(func(o *bucket.Object) { o.Size = 2 }),
		change(func(o *bucket.Object) { o.ETag = `"2"` }),
		change(func(o *bucket.Object) { o.LastModified = noon.Add(time.Second) }),
		change(func(o *bucket.Object) { o.Generation = 7 }),
	}
	seen := map[string]bool{}
	for i, k := range keys {
		assert.Falsef(t, seen[k], "key %d stands twice", i)
		seen[k] = true
	}
}

func TestKey_partsDoNotRunTogether(t *testing.T) {
	assert.NotEqual(t, bucket.Key([]string{"ab", "c"}), bucket.Key([]string{"a", "bc"}))
	assert.NotEqual(t,
		bucket.Key(nil, listing(bucket.Object{Key: "a\nb", ETag: "x"})),
		bucket.Key(nil, listing(bucket.Object{Key: "a", ETag: "\nbx"})))
}

func TestStamp_bounds(t *testing.T) {
	at := bucket.Stamp{Date: noon, Began: noon.Add(-5 * time.Second), Arrived: noon.Add(-3 * time.Second)}
	now := noon // the asker's clock, whatever it is set to
	assert.Equal(t, noon.Add(6*time.Second), at.Latest(now), "a second of rounding and all the time since the request began")
	assert.Equal(t, noon.Add(3*time.Second), at.Earliest(now), "only what passed since the answer arrived")
}

func BenchmarkKey(b *testing.B) {
	var objects []bucket.Object
	for i := range 5000 {
		objects = append(objects, bucket.Object{Key: fmt.Sprintf("team%03d/dag_%05d.py", i/16, i), Size: 3990, ETag: `"d41d8cd98f00b204e9800998ecf8427e"`, LastModified: noon})
	}
	l := listing(objects...)
	b.ReportAllocs()
	for b.Loop() {
		bucket.Key([]string{"shape"}, l)
	}
}

// The key of a listing is compared at every event: it allocates nothing for an object.
func TestKey_allocatesNothingForAnObject(t *testing.T) {
	of := func(n int) float64 {
		var objects []bucket.Object
		for i := range n {
			objects = append(objects, bucket.Object{Key: fmt.Sprint(i), Size: 1, ETag: `"1"`, LastModified: noon})
		}
		l := listing(objects...)
		return testing.AllocsPerRun(10, func() { bucket.Key(nil, l) })
	}
	assert.InDelta(t, of(10), of(1000), 5)
}
