package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

// tree is the digest of what the bucket holds, and whether it would be rejected.
func (w *world) tree(ignore []string) (digest string, rejected bool) {
	var entries []bundle.Entry
	for key, o := range w.store.objects {
		name, ok := strings.CutPrefix(key, "dags/")
		if !ok || slices.Contains(ignore, name) || name == doneMarker {
			continue
		}
		sum := sha256.Sum256(o.data)
		entries = append(entries, bundle.Entry{Path: name, Size: int64(len(o.data)), SHA256: hex.EncodeToString(sum[:])})
		rejected = rejected || strings.HasPrefix(string(o.data), "broken")
	}
	return bundle.NewManifest(bundle.LayoutDags, entries).Digest(), rejected || len(entries) == 0
}

// moment is what is known of a state of the bucket: whether it ever was a whole one, and not between the two writes of
// a pair or within a batch.
type moment struct{ pair, batch bool }

// bucketChanged notes what the bucket holds now, under every configuration that there is.
func (w *world) bucketChanged() {
	clear(w.told) // the same again, after something else, is told again
	for _, ignore := range [][]string{nil, {"b.py"}} {
		digest, _ := w.tree(ignore)
		was := w.history[digest]
		w.history[digest] = moment{pair: was.pair || !w.half, batch: was.batch || w.batch == 0}
	}
}

func (w *world) liveDigest() string {
	var entries []bundle.Entry
	for _, f := range w.sim.Live(deployment) {
		entries = append(entries, bundle.Entry{Path: f.Path, Size: f.Size, SHA256: f.SHA256})
	}
	return bundle.NewManifest(bundle.LayoutDags, entries).Digest()
}

// finalized checks I2: what one of ours made live is what the bucket really held at some moment.
func (w *world) finalized() {
	w.became = time.Now()
	if len(w.sim.Deploys(deployment)) == 0 {
		return
	}
	switch was, held := w.history[w.liveDigest()]; {
	case !held:
		w.fail("I2: what is live was never what the bucket held")
	case w.calm && !was.pair:
		w.fail("I2: one of two files that belong together is live")
	case w.calm && w.markers && !was.batch:
		w.fail("I2: half a batch is live")
	}
}

// checkState checks I3 and the lease at each write of the state.
func (w *world) checkState(key string, before, after []byte) {
	if !strings.HasSuffix(key, "/state.json") || before == nil {
		return
	}
	var old, now state.State
	if json.Unmarshal(before, &old) != nil || json.Unmarshal(after, &now) != nil {
		w.fail("the state is no JSON")
		return
	}
	switch {
	case now.Fence < old.Fence:
		w.fail("I3: the fence went from %d back to %d", old.Fence, now.Fence)
	case now.Lineage != old.Lineage:
		w.fail("the lineage changed")
	case now.Holder != old.Holder && now.Holder != "" && old.Holder != "" && time.Now().Before(old.LeaseUntil):
		w.fail("the lease of %s was taken %s before its end", old.Holder, time.Until(old.LeaseUntil))
	case old.Held != nil && now.Intent != nil && (old.Intent == nil || now.Intent.DeployID != old.Intent.DeployID):
		w.fail("an intent was written under a hold")
	case old.Held != nil && now.Finalizing != "" && old.Finalizing == "":
		w.fail("an image was about to be finalized under a hold")
	case now.Holder != old.Holder && now.Holder != "" && now.Fence != old.Fence+1:
		w.fail("I3: a lease was taken without a new fence")
	}
}

// bringsDags reports whether a deploy changes what is live of DAGs: an image alone does not, unless it is rolled back to.
func bringsDags(d astrotest.Deploy) bool {
	return d.Type != astro.TypeImageOnly || d.RollbackFromID != ""
}

// finalizes is the deploy that a request finalizes.
func (w *world) finalizes(q *http.Request) astrotest.Deploy {
	for _, d := range w.sim.Deploys(deployment) {
		if strings.Contains(q.URL.Path, d.ID) {
			return d
		}
	}
	return astrotest.Deploy{}
}

// checkFinalize checks I6: finalize is sent only under a lease, with its intent if it brings DAGs, that outlives its time-out.
func (w *world) checkFinalize(a *actor, q *http.Request) {
	d := w.finalizes(q)
	dags := bringsDags(d)
	if dags && !w.foreign.IsZero() && w.foreign.Before(a.began) && w.foreignIsLive() {
		w.fail("what another dagferry deployed is replaced, and nobody allowed that")
	}
	var s state.State
	if err := json.Unmarshal(w.store.objects["state/"+deployment+"/state.json"].data, &s); err != nil {
		w.fail("I6: finalize without a state")
		return
	}
	deadline, bounded := q.Context().Deadline()
	switch {
	case dags && (s.Intent == nil || !strings.Contains(q.URL.Path, s.Intent.DeployID)):
		w.fail("I6: finalize of %s without its intent", q.URL.Path)
	case !dags && s.Finalizing != d.ID:
		w.fail("I6: finalize of %s, of which a hold does not know", q.URL.Path)
	case s.Holder == "" || !bounded || deadline.After(s.LeaseUntil):
		w.fail("I6: finalize may go on after its lease: %s, lease until %s", deadline, s.LeaseUntil)
	}
}

// checkAtRest checks I1: what is live is the bucket's newest valid content, or there is a reason that was reported.
func (w *world) checkAtRest() {
	if w.running > 0 || len(w.messages) > 0 {
		w.fail("it does not come to rest: %d runs, %d messages", w.running, len(w.messages))
		return
	}
	var s state.State
	if data := w.store.objects["state/"+deployment+"/state.json"].data; data != nil {
		if err := json.Unmarshal(data, &s); err != nil {
			w.fail("the state is no JSON: %v", err)
			return
		}
	}
	want, rejected := w.tree(w.ignore)
	switch live := w.liveDigest(); {
	case s.Held != nil:
	case w.foreignIsLive(): // denied, which is told
	case rejected:
		w.checkRejected(s)
	case live == want:
		if s.Deployed == nil || s.Deployed.Digest != want || s.Intent != nil {
			if !w.personsIsLive() {
				w.fail("I1: it is live, and the state does not say so: %+v", s)
			}
		}
	case w.personsIsLive():
		w.checkRollbackSeen(s)
	default:
		w.fail("I1: what is live (%s) is not what the bucket holds (%s); last event run: %s %s; last sweep: %s %s",
			live, want, w.last[false].Outcome, w.last[false].Reason, w.last[true].Outcome, w.last[true].Reason)
	}
}

// checkTold: where nothing fails, a rejection is told once.
func (w *world) checkTold(r result) {
	if r.record.Outcome != syncer.Rejected || strings.HasPrefix(r.record.Reason, "rejected before") {
		return
	}
	if w.told[r.record.Key]++; w.calm && w.killAt == 0 && w.told[r.record.Key] > 1 {
		w.fail("a rejection was told %d times: %s", w.told[r.record.Key], r.record.Reason)
	}
}

// checkRollbackSeen: a rollback after our last deploy is held, or was seen and released.
func (w *world) checkRollbackSeen(s state.State) {
	for _, d := range w.sim.Deploys(deployment) {
		if d.Status != astro.StatusDeployed || !bringsDags(d) {
			continue
		}
		seen := s.Seen != nil && !d.CreatedAt.After(s.Seen.CreatedAt)
		if d.RollbackFromID != "" && !seen && !w.strict && s.Deployed != nil && d.CreatedAt.After(s.Deployed.CreatedAt) {
			w.fail("the rollback %s went unnoticed: %+v", d.ID, s)
		}
		return
	}
}

// foreignIsLive reports whether what is live is another dagferry's.
func (w *world) foreignIsLive() bool {
	live := w.sim.Live(deployment)
	return len(live) == 1 && live[0].Path == foreignFile
}

// checkRejected: content that is refused must have been refused with a report, which the state remembers.
func (w *world) checkRejected(s state.State) {
	if s.Rejected == nil && s.Lineage != "" {
		w.fail("I1: the bucket's content is refused, and nobody was told: %+v", s)
	}
}

// personsIsLive reports whether a person's deploy, or a rollback that was released, is the newest that is live.
func (w *world) personsIsLive() bool {
	if !w.people {
		return false
	}
	var newest *struct{ description, rollback string }
	for _, d := range w.sim.Deploys(deployment) {
		if d.Status == astro.StatusDeployed && bringsDags(d) {
			newest = &struct{ description, rollback string }{d.Description, d.RollbackFromID}
			break
		}
	}
	if newest == nil {
		return false
	}
	_, ours := state.ParseTag(newest.description)
	return !ours || newest.rollback != "" || newest.description == foreignDeploy
}
