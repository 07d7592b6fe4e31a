package s3_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/bucket/s3"
)

func TestListSplit_boundsNeverCostAnObject(t *testing.T) {
	s := open(t)
	var group errgroup.Group
	group.SetLimit(16)
	for i := range 300 {
		group.Go(func() error {
			s.Upload(t, fmt.Sprintf("dags/f%d/a+b %03d.py", i%3, i), []byte("x"))
			return nil
		})
	}
	require.NoError(t, group.Wait())
	b := s.At(t, "dags/")
	want, err := b.List(t.Context())
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
		got, err := s.at(t, "dags/", s3.Options{}).ListSplit(t.Context(), bounds)
		require.NoError(t, err, name)
		assert.Equal(t, want.Objects, got.Objects, name)
		assert.False(t, got.At.IsZero(), name)
	}
}

func TestListSplit_isOneRequestAPart(t *testing.T) {
	s := open(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		s.Upload(t, "dags/"+key, nil)
	}
	b := s.at(t, "dags/", s3.Options{})
	_, err := b.ListSplit(t.Context(), []string{"b", "c"})
	require.NoError(t, err)
	assert.Equal(t, 3, b.Requests()["list"])
}

func TestListSplit_storeWithoutAnOrderIsListedWhole(t *testing.T) {
	b := answering(t, listing(entry("dags/c", "")+entry("dags/a", "")+entry("dags/b", "")))
	l, err := b.ListSplit(t.Context(), []string{"b"})
	require.NoError(t, err)
	require.Len(t, l.Objects, 3)
	assert.Equal(t, "a", l.Objects[0].Key)
}
