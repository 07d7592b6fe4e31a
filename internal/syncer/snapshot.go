package syncer

import (
	"cmp"
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
	"github.com/dagferry/dagferry/internal/state"
)

// snapshot is steps 5 to 7: two equal listings around the reads make one. It reports whether there is nothing to
// deploy; otherwise the bundle is gathered.
func (r *run) snapshot(ctx context.Context) (nothing bool, err error) {
	deadline := r.now().Add(r.MaxWait)
	differed := time.Time{}
	for {
		if err := r.settle(ctx, deadline, differed); err != nil {
			return false, err
		}
		if nothing, err := r.known(ctx); nothing || err != nil {
			return nothing, err
		}
		same, err := r.gather(ctx)
		if err != nil {
			return false, err
		}
		if same {
			return r.sameBundle(), nil
		}
		if differed = r.now(); !differed.Before(deadline) {
			return false, fault.Errorf(fault.Busy, "unsettled: the sources kept changing for %s, so no consistent bundle could be read", r.MaxWait)
		}
	}
}

// settle is step 5: it waits until the newest object, the newest event, and the last moment at which two listings
// differed are all old enough, or until the deadline waives that.
func (r *run) settle(ctx context.Context, deadline, differed time.Time) error {
	defer r.step("settle")()
	for {
		wait := min(r.unsettled(differed), deadline.Sub(r.now()))
		if wait <= 0 {
			return nil
		}
		if err := Sleep(ctx, wait); err != nil {
			return err
		}
		before := r.listed.key
		l, err := r.list(ctx)
		if err != nil {
			return err
		}
		if r.listed = l; l.key != before {
			differed = l.at
		}
	}
}

// unsettled is how long the sources must stay quiet yet.
func (r *run) unsettled(differed time.Time) time.Duration {
	now := r.now()
	wait := r.Settle - now.Sub(differed)
	for _, l := range r.listed.bySource {
		newest := l.Newest()
		if r.why.Newest.After(newest) {
			newest = r.why.Newest
		}
		if latest := l.At.Latest(now); newest.After(latest) {
			newest = latest // nothing was written in the future, whatever an event or a copied file says
		}
		wait = max(wait, r.Settle-l.At.Earliest(now).Sub(newest))
	}
	return wait
}

// Sleep waits. If the context ends first, it says why that did.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// known is the end of step 5: what can be concluded from the listing alone.
func (r *run) known(ctx context.Context) (bool, error) {
	s := r.state()
	if r.rejectedBefore(r.listed, s) {
		return true, r.stillRejected(ctx, s)
	}
	if r.idle(s) && s.Deployed != nil && s.Deployed.Key == r.listed.key {
		r.finish = func(s *state.State) { s.Rejected = nil }
		return r.unchanged("nothing changed since the last deploy"), nil
	}
	if r.waitsForMarker(r.listed, s) && !r.keyIsOurs(s) {
		// Half a batch must not go out under the marker of the one before it.
		return r.unchanged("the sources wait for a new marker " + r.Marker), nil
	}
	return false, nil
}

// keyIsOurs reports whether an open intent or redeploy may go out without a new marker: the content is what was
// meant or deployed already.
func (r *run) keyIsOurs(s state.State) bool {
	return !s.Idle() &&
		(s.Intent != nil && s.Intent.Key == r.listed.key || s.Deployed != nil && s.Deployed.Key == r.listed.key)
}

// gatherConcurrency is how many objects are read at once: S3 takes 15 to 30 ms to the first byte, and a read takes 0.3 ms of
// one core (BenchmarkOpen, -cpu 1), so that 22/0.3, about 70, keep it busy. 128 were measured to be no faster.
const gatherConcurrency = 64

// gather is steps 6 and 7: it reads every object at the version that was listed, unless the last bundle has it, and lists
// again. It reports whether both looks showed the same.
func (r *run) gather(ctx context.Context) (same bool, err error) {
	defer r.step("gather")()
	r.discard()
	plan, objects, err := r.plan()
	if err != nil {
		return false, err
	}
	spool, err := bundle.NewSpool(r.TempDir, plan.In)
	if err != nil {
		return false, err
	}
	r.bundled = &gathered{spool: spool}
	if r.recall(ctx); r.cache != nil {
		spool.Reuse(r.cache)
	}
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(gatherConcurrency)
	for _, i := range spool.Missing() {
		group.Go(func() error { return copyObject(reading, spool, i, objects[plan.In[i].From]) })
	}
	failed := group.Wait()
	if failed != nil && !errors.Is(failed, bucket.ErrChanged) {
		return false, failed
	}
	before := r.listed.key
	if err := r.listAndPack(ctx, failed == nil); err != nil {
		return false, err
	}
	if failed != nil || r.listed.key != before && !mutant.LeavesOut(mutant.SecondListing) {
		return false, nil
	}
	return true, r.digest()
}

// listAndPack lists again, and packs what was read, if it is complete, meanwhile: the store takes 75 ms to answer, in which
// a function's one core has nothing else to do, and the archive of 1,000 files takes it 55 ms.
func (r *run) listAndPack(ctx context.Context, complete bool) error {
	var packing errgroup.Group
	if b := r.bundled; complete {
		packing.Go(func() (err error) {
			b.archive, err = b.spool.Pack(r.TempDir, r.Layout)
			return err
		})
	}
	l, err := r.list(ctx)
	r.listed = l
	return cmp.Or(err, packing.Wait())
}

func (r *run) digest() (err error) {
	b := r.bundled
	if b.manifest, err = b.spool.Manifest(r.Layout); err != nil {
		return err
	}
	b.digest = b.manifest.Digest()
	r.record.Digest, r.record.Files = b.digest, len(b.manifest.Files)
	return nil
}

// origin is an object and the bucket that it is read from.
type origin struct {
	bucket bucket.Bucket
	object bucket.Object
}

// readAttempts is how often an object is read when its body is cut off; the SDK's own retries end where a body begins.
const readAttempts = 3

func copyObject(ctx context.Context, spool *bundle.Spool, i int, o origin) (err error) {
	for range readAttempts {
		if err = copyOnce(ctx, spool, i, o); err == nil || fault.Of(err) != fault.Transient || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func copyOnce(ctx context.Context, spool *bundle.Spool, i int, o origin) error {
	body, err := o.bucket.Open(ctx, o.object)
	if err != nil {
		return err // it names the object
	}
	err = spool.Write(i, body)
	if closed := body.Close(); err == nil {
		err = closed
	}
	return err
}

// plan decides what of the listing is in the bundle, and finds each file's object by its URL.
func (r *run) plan() (bundle.Plan, map[string]origin, error) {
	var files []bundle.File
	objects := map[string]origin{}
	for i, l := range r.listed.bySource {
		s := r.Sources[i]
		for _, o := range l.Objects {
			url := s.Bucket.URL(o.Key)
			objects[url] = origin{s.Bucket, o}
			files = append(files, bundle.File{Path: s.path(o.Key), From: url, Version: o.Version(), Size: o.Size, ModTime: o.LastModified})
		}
	}
	plan, err := bundle.NewPlan(files, bundle.Rules{Ignore: r.Ignore, Markers: r.markerPaths(), Limits: r.Limits})
	if err != nil {
		return plan, nil, err
	}
	r.record.LeftOut, r.record.Warnings = plan.LeftOut, plan.Warnings
	return plan, objects, r.reject(plan.Err())
}

// sameBundle reports whether the bundle is what is live: then the new key is stored, and nothing is deployed.
func (r *run) sameBundle() bool {
	s := r.state()
	if !r.idle(s) || s.Deployed == nil || s.Deployed.Digest != r.bundled.digest {
		return false
	}
	l := r.listed
	r.finish = func(s *state.State) {
		d := *s.Deployed
		d.Key, d.Markers, d.Listing, d.Bounds = l.key, l.markers, l.contents, l.bounds()
		s.Deployed, s.Rejected = &d, nil
	}
	return r.unchanged("the contents are those that are live")
}
