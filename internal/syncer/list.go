package syncer

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
	"github.com/dagferry/dagferry/internal/state"
)

// listing is one look at all sources.
type listing struct {
	bySource []bucket.Listing
	// key is the protocol's listing key.
	key string
	// markers are the markers' entries, one for each source, empty where there is none.
	markers []string
	// contents is of the objects alone, whatever the configuration makes of them; of targets with markers only.
	contents string
	at       time.Time // by this process's clock
}

// list looks at all sources.
func (r *run) list(ctx context.Context) (listing, error) {
	var l listing
	for i, s := range r.Sources {
		got, err := r.look(ctx, i)
		if err != nil {
			return l, fmt.Errorf("list %s: %w", s.Bucket.URL(""), err)
		}
		if got.At.IsZero() {
			return l, fault.Errorf(fault.Denied, "list %s: the answer has no Date header, so it cannot be told how old its objects are", s.Bucket.URL(""))
		}
		if len(r.listed.bySource) > 0 {
			got.At = later(r.now(), got.At, r.listed.bySource[i].At)
		}
		l.bySource = append(l.bySource, got)
		if r.Marker != "" {
			l.markers = append(l.markers, marker(got, r.Marker))
		}
	}
	if r.Marker != "" {
		l.contents = bucket.Key(nil, l.bySource...)
	}
	l.key, l.at = bucket.Key(r.shape(), r.keyed(l.bySource)...), r.now()
	r.record.Key = l.key
	return l, nil
}

// keyed are the listings that the key is made of: all of them, their markers included, so that a marker without a
// change is a change.
func (r *run) keyed(listings []bucket.Listing) []bucket.Listing {
	if !mutant.LeavesOut(mutant.MarkersInKey) {
		return listings
	}
	var without []bucket.Listing
	for _, l := range listings {
		l.Objects = slices.DeleteFunc(slices.Clone(l.Objects), func(o bucket.Object) bool { return o.Key == r.Marker })
		without = append(without, l)
	}
	return without
}

// later is the stamp that tells the later time: dates are rounded down, so an older answer may know more.
func later(now time.Time, a, b bucket.Stamp) bucket.Stamp {
	if b.Earliest(now).After(a.Earliest(now)) {
		return b
	}
	return a
}

// shape is everything besides the objects that shapes a bundle, so that a changed configuration is a changed key.
func (r *run) shape() []string {
	shape := []string{"1", r.Astro.Organization(), r.Deployment, string(r.Layout), bundle.Format, r.Marker, strconv.Itoa(len(r.Ignore))}
	shape = append(shape, r.Ignore...)
	if r.Single {
		shape = append(shape, "single")
	}
	if mutant.LeavesOut(mutant.ConfigurationInKey) {
		return nil
	}
	for _, s := range r.Sources {
		shape = append(shape, s.Bucket.URL(""), s.Mount)
	}
	return shape
}

// marker is a source's marker as the listing shows it, or "".
func marker(l bucket.Listing, key string) string {
	for _, o := range l.Objects {
		if o.Key == key {
			return fmt.Sprintf("%s %d %d %s", o.ETag, o.Generation, o.Size, o.LastModified.UTC().Format(time.RFC3339Nano))
		}
	}
	return ""
}

// waitsForMarker reports whether a marker is configured and no new one says that the sources are complete: some
// source lacks it, or none differs from those that were used up last.
func (r *run) waitsForMarker(l listing, s state.State) bool {
	if r.Marker == "" {
		return false
	}
	if slices.Contains(l.markers, "") {
		return true
	}
	// Where nothing was written since, the marker counts still: another configuration may ask about the same contents.
	switch {
	case s.Rejected != nil:
		return slices.Equal(l.markers, s.Rejected.Markers) && l.contents != s.Rejected.Listing
	case s.Deployed != nil:
		return slices.Equal(l.markers, s.Deployed.Markers) && l.contents != s.Deployed.Listing
	}
	return false
}

// rejectedKey is all that a rejection depends on.
func (r *run) rejectedKey(l listing, runtime string) string {
	settings := append([]string{
		l.key, strconv.Itoa(r.MinFiles), strconv.Itoa(r.MaxDeleted), strconv.FormatBool(r.Adopt), strconv.FormatBool(r.Check.Warn),
		fmt.Sprint(r.Limits), runtime,
	}, r.Check.Settings...)
	return bucket.Key(settings)
}

// rejectedBefore reports whether this very content was rejected already, under the same settings. A person's override
// asks anew.
func (r *run) rejectedBefore(l listing, s state.State) bool {
	if s.Rejected == nil || r.why.any() {
		return false
	}
	return s.Rejected.Key == r.rejectedKey(l, r.runtimeThen(s))
}

// runtimeThen is the Runtime as configured, or as Astro said just now, or as it was when content was rejected.
func (r *run) runtimeThen(s state.State) string {
	if s.Rejected.Runtime == r.Runtime.key() {
		return s.Rejected.Runtime // it was decided without asking, so it does not depend on the answer
	}
	if r.Runtime.Airflow != "" && r.Runtime.Python != "" || r.asked != nil {
		return r.runtime().key()
	}
	return s.Rejected.Runtime
}

// nothingToDo is step 3: without the lease, and without writing anything.
func (r *run) nothingToDo(ctx context.Context, due bool) (bool, error) {
	defer r.step("list")()
	l, err := r.list(ctx)
	if err != nil {
		return false, err
	}
	r.listed = l
	s := r.read.State
	if r.rejectedBefore(l, s) && (r.idle(s) && !due || r.why.Kind == ByEvent || r.why.Kind == ByPoll) {
		return true, r.stillRejected(ctx, s)
	}
	if !r.idle(s) || due || r.why.any() && s.Rejected != nil {
		return false, nil
	}
	if s.Deployed != nil && s.Deployed.Key == l.key && s.Rejected == nil {
		return r.unchanged("nothing changed since the last deploy"), nil
	}
	if r.waitsForMarker(l, s) {
		return r.unchanged("the sources wait for a new marker " + r.Marker), nil
	}
	return false, nil
}
