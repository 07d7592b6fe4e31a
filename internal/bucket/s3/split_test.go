package s3_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket/buckettest"
	"github.com/dagferry/dagferry/internal/bucket/s3"
)

func TestListSplit_boundsNeverCostAnObject(t *testing.T) {
	s := open(t)
	buckettest.RunSplit(t, s, func(prefix string) buckettest.Splitter { return s.at(t, prefix, s3.Options{}) })
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
