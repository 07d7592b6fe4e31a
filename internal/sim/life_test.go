package sim

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/state"
	"github.com/dagferry/dagferry/internal/syncer"
)

// live does the next thing that people do, and returns when the next one is due.
func (w *world) live() time.Time {
	if w.burst > 0 {
		return w.burstOn()
	}
	if w.pairs > 0 {
		return w.pairOn()
	}
	if w.script {
		w.write("a.py", time.Now().String())
		w.bucketChanged()
		w.send(false)
		return time.Now().Add(4*time.Minute + time.Second)
	}
	r := w.choose()
	gap := time.Duration(1+r.IntN(8)) * time.Second
	if r.IntN(2) == 0 {
		gap = time.Duration(r.IntN(200)) * time.Second
	}
	if !w.skip[w.choices] {
		if w.people && r.IntN(6) == 0 {
			w.interfere(r)
		} else {
			w.author(r)
			gap += w.batched(r)
		}
	}
	return time.Now().Add(gap)
}

// batched ends a batch with its marker now and then. In calm schedules the author gives it the time to be deployed, as
// docs/guarantees.md asks for; nothing but whole batches goes out then.
func (w *world) batched(r *rand.Rand) time.Duration {
	if !w.markers {
		return 0
	}
	w.batch++
	if r.IntN(3) > 0 {
		return 0
	}
	w.complete()
	if w.calm {
		return 90 * time.Second
	}
	return 0
}

// complete writes the marker, with or without a change before it.
func (w *world) complete() {
	w.batch = 0
	w.write(doneMarker, fmt.Sprint("batch ", w.choices, time.Now()))
	w.bucketChanged()
	w.send(false)
}

// pairOn replaces one file of a pair, and the other soon after.
func (w *world) pairOn() time.Time {
	r := w.choose()
	w.uploads++
	w.half = w.uploads%2 == 1
	w.write([]string{"y.py", "x.py"}[w.uploads%2], fmt.Sprint("pair ", (w.uploads+1)/2))
	w.bucketChanged()
	w.send(false)
	if w.half {
		return time.Now().Add(time.Duration(r.IntN(2000)) * time.Millisecond)
	}
	return time.Now().Add(w.pairs + time.Duration(r.IntN(4000))*time.Millisecond)
}

// burstOn makes the next upload of a burst.
func (w *world) burstOn() time.Time {
	if w.uploads == w.burst {
		return w.calmFrom
	}
	w.uploads++
	w.store.put(fmt.Sprintf("dags/%05d.py", w.uploads), []byte("x"))
	w.bucketChanged()
	w.send(false)
	w.uploaded = time.Now()
	return time.Now().Add(w.over / time.Duration(w.burst))
}

// author uploads, edits, breaks, reverts, removes, or replaces two files that belong together.
func (w *world) author(r *rand.Rand) {
	name := fmt.Sprintf("%c.py", 'a'+r.IntN(3))
	switch r.IntN(8) {
	case 0:
		delete(w.store.objects, "dags/"+name)
		w.note("   author removes %s", name)
	case 1:
		w.write(name, "broken "+fmt.Sprint(r.IntN(3)))
	case 2: // together, as far as a bucket knows it: one right after the other
		version := fmt.Sprint("pair ", r.IntN(100))
		w.half = true
		w.write("x.py", version)
		w.bucketChanged()
		w.half = false
		w.write("y.py", version)
	case 3:
		if w.strict {
			return // a run that began before may deploy after it, by the old configuration: a sweep's to repair
		}
		w.ignore = [][]string{nil, {"b.py"}}[r.IntN(2)]
		w.note("   the configuration ignores %v", w.ignore)
		w.bucketChanged()
		return // a configuration is no event; a sweep finds it
	default:
		w.write(name, "version "+fmt.Sprint(r.IntN(4))) // often the same again
	}
	w.bucketChanged()
	w.send(false)
}

func (w *world) write(name, body string) {
	w.note("   author writes %s: %s", name, body)
	w.store.put("dags/"+name, []byte(body))
}

// interfere is what people do at Astro, and to dagferry.
func (w *world) interfere(r *rand.Rand) {
	switch r.IntN(9) {
	default:
		var done []string
		for _, d := range w.sim.Deploys(deployment) {
			if d.Status == astro.StatusDeployed {
				done = append(done, d.ID)
			}
		}
		if len(done) > 0 {
			id := done[r.IntN(len(done))]
			_, err := w.sim.Rollback(deployment, id, "back")
			w.foreign = time.Time{} // whose ever it goes back to, it is a person's decision now
			w.note("   a person rolls back to %s: %v", id, err)
		}
	case 1, 2:
		d := w.sim.Deploy(deployment, "by hand", archive("hot.py"))
		w.note("   a person deploys %s by hand", d.ID)
	case 3, 4:
		w.note("   a person holds")
		w.edit(func(s *state.State) { s.Held = &state.Hold{By: "ann", Reason: "freeze", At: time.Now()} })
	case 5:
		d := w.sim.Deploy(deployment, foreignDeploy, archive(foreignFile))
		w.foreign = time.Now()
		w.note("   another dagferry deploys %s", d.ID)
	case 6, 7:
		w.note("   a person releases")
		id := fmt.Sprint("release ", w.choices)
		w.edit(func(s *state.State) {
			if s.Held != nil {
				s.Held, s.Redeploy = nil, &state.Redeploy{Why: state.Released, ID: id}
			}
		})
		w.send(true)
	case 8:
		w.image()
	}
}

// image is a pipeline that brings an image, under the same lease, and leaves the DAGs alone.
func (w *world) image() {
	w.start(syncer.Trigger{Kind: syncer.ByPipeline}, nil, func(ctx context.Context, s syncer.Syncer, t syncer.Target, why syncer.Trigger) (syncer.Record, error) {
		t.Build = &syncer.Build{Image: &syncer.Image{Digest: "sha256:00", Push: func(context.Context, string, string) error { return nil }}}
		return s.Image(ctx, t, astro.TypeImageOnly, why)
	})
}

// foreignDeploy is what another dagferry's deploys are described by.
const (
	foreignDeploy = "dagferry another f7 rrun sha256:00 by another dagferry"
	foreignFile   = "foreign.py"
)

func edited(data []byte, change func(*state.State)) []byte {
	var s state.State
	if json.Unmarshal(data, &s) != nil {
		return data
	}
	change(&s)
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return data
	}
	return append(b, '\n')
}

// archive is what a person deploys by hand.
func archive(name string) []byte {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	_ = t.WriteHeader(&tar.Header{Name: "dags/" + name, Mode: 0o644, Size: 1}) // to memory
	_, _ = t.Write([]byte("x"))
	_ = t.Close()
	return b.Bytes()
}

// edit changes the state as a person's command does.
func (w *world) edit(change func(*state.State)) {
	key := "state/" + deployment + "/state.json"
	o, ok := w.store.objects[key]
	if !ok {
		return
	}
	w.store.put(key, edited(o.data, change))
}
