package buckettest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/bucket"
)

// Splitter lists in parts.
type Splitter interface {
	bucket.Bucket
	ListSplit(ctx context.Context, bounds []string) (bucket.Listing, error)
}

// RunSplit checks that bounds, whatever they are, never cost an object; open makes a store, and b opens a prefix of it.
func RunSplit(t *testing.T, s Store, open func(prefix string) Splitter) {
	var group errgroup.Group
	group.SetLimit(16)
	for i := range 300 {
		group.Go(func() error {
			s.Upload(t, fmt.Sprintf("dags/f%d/a+b %03d.py", i%3, i), []byte("x"))
			return nil
		})
	}
	require.NoError(t, group.Wait())
	want, err := open("dags/").List(t.Context())
	require.NoError(t, err)
	require.Len(t, want.Objects, 300)
	key := func(i int) string { return want.Objects[i].Key }
	for name, bounds := range map[string][]string{
		"none":              nil,
		"good":              {key(100), key(200)},
		"the first":         {key(0)},
		"the last":          {key(299)},
		"next to another":   {key(10), key(11), key(12)},
		"twice":             {key(100), key(100)},
		"not in order":      {key(200), key(100)},
		"of what is gone":   {"a", "f1/a+b", "z/z"},
		"the empty one":     {""},
		"control character": {"f1/\n"},
	} {
		got, err := open("dags/").ListSplit(t.Context(), bounds)
		require.NoError(t, err, name)
		assert.Equal(t, want.Objects, got.Objects, name)
		assert.False(t, got.At.IsZero(), name)
	}
}
