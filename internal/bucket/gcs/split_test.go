package gcs_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket/buckettest"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
)

func TestListSplit_boundsNeverCostAnObject(t *testing.T) {
	s := open(t)
	buckettest.RunSplit(t, s, func(prefix string) buckettest.Splitter { return s.at(t, prefix, gcs.Options{}) })
}

func TestListSplit_isOneRequestAPart(t *testing.T) {
	s := open(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		s.Upload(t, "dags/"+key, nil)
	}
	b := s.at(t, "dags/", gcs.Options{})
	_, err := b.ListSplit(t.Context(), []string{"b", "c"})
	require.NoError(t, err)
	assert.Equal(t, 3, b.Requests()["list"])
}
