package syncer

import (
	"context"

	"github.com/dagferry/dagferry/internal/bucket"
)

const (
	// splitFrom is how many objects a source must have to be listed in parts: at two pages there is nothing to win yet.
	splitFrom = 1500
	// partSize is how many objects a part had when it was cut: a page of 1,000, less what may come.
	partSize = 900
	// maxParts bounds what the state keeps, 64 keys of a source; the parts of more than 57,600 objects have several pages.
	maxParts = 64
)

// splitter is a bucket that lists in parts, completely, whatever the bounds.
type splitter interface {
	ListSplit(ctx context.Context, bounds []string) (bucket.Listing, error)
}

// look lists a source, in parts if it is large and its bucket can.
func (r *run) look(ctx context.Context, source int) (bucket.Listing, error) {
	b := r.Sources[source].Bucket
	s, can := b.(splitter)
	if !can {
		return b.List(ctx)
	}
	var cuts []string
	if len(r.listed.bySource) > 0 {
		cuts = bounds(r.listed.bySource[source])
	} else if d := r.state().Deployed; d != nil && source < len(d.Bounds) {
		cuts = d.Bounds[source]
	}
	if len(cuts) == 0 {
		return b.List(ctx)
	}
	return s.ListSplit(ctx, cuts)
}

// bounds cuts a listing into parts.
func bounds(l bucket.Listing) []string {
	n := len(l.Objects)
	if n < splitFrom {
		return nil
	}
	var cuts []string
	for i := max(partSize, n/maxParts+1); i < n; i += max(partSize, n/maxParts+1) {
		cuts = append(cuts, l.Objects[i].Key)
	}
	return cuts
}

// bounds are those of all sources, or nothing where all are small.
func (l listing) bounds() [][]string {
	var all [][]string
	large := false
	for _, s := range l.bySource {
		cuts := bounds(s)
		large = large || len(cuts) > 0
		all = append(all, cuts)
	}
	if !large {
		return nil
	}
	return all
}
