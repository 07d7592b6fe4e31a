package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

const (
	dagsBucket   = "dags"
	stateBucket  = "state"
	controlPath  = "/_bench/"
	editedBefore = 3 * time.Second // an edited object's age: past settle, whatever the second
)

// control is how the measuring process works the store's: it makes trees, edits files, and takes the counts. It answers at
// once, and is not counted.
type control struct {
	seed  uint64
	store *store

	mu    sync.Mutex
	edits int
	names []string // of the tree's Python files
	astro *astrotest.Server
}

// about is what a tree, or what is live, consists of.
type about struct {
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`
	Folders int   `json:"folders,omitempty"`
}

// edit is one file that was changed.
type edit struct {
	Key  string    `json:"key"`
	Time time.Time `json:"time"`
}

func (c *control) routes(mux *http.ServeMux) {
	c.forget()
	mux.Handle("POST "+controlPath+"tree", jsonOf(c.tree))
	mux.Handle("POST "+controlPath+"edit", jsonOf(c.edit))
	mux.Handle("POST "+controlPath+"forget", jsonOf(func(*http.Request) (any, error) { c.forget(); return nil, nil }))
	mux.Handle("POST "+controlPath+"counts", jsonOf(c.counts))
	mux.Handle("GET "+controlPath+"steps", jsonOf(c.steps))
	mux.Handle("GET "+controlPath+"dags", jsonOf(c.dags))
	mux.Handle("GET "+controlPath+"live/{deployment}", jsonOf(c.live))
}

func jsonOf(answer func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := answer(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(a)
	})
}

// tree fills the bucket.
func (c *control) tree(r *http.Request) (any, error) {
	files, err := strconv.Atoi(r.FormValue("files"))
	if err != nil || files < 1 {
		return nil, fmt.Errorf("make a tree: files is %q", r.FormValue("files"))
	}
	objects := map[string]*object{}
	var names []string
	for _, f := range newTree(c.seed, files) {
		objects[f.key] = newObject(f.key, f.data, f.modified)
		if len(f.data) > 0 {
			names = append(names, f.key)
		}
	}
	c.forget()
	c.mu.Lock()
	c.edits, c.names = 0, names
	c.mu.Unlock()
	c.store.mu.Lock()
	c.store.buckets[dagsBucket].fill(objects)
	c.store.mu.Unlock()
	return c.dags(r)
}

func (c *control) dags(*http.Request) (any, error) {
	c.store.mu.RLock()
	defer c.store.mu.RUnlock()
	var a about
	for _, o := range c.store.buckets[dagsBucket].objects {
		a.Files++
		a.Bytes += int64(len(o.data))
	}
	return a, nil
}

// edit adds a line to one file: another one each time, and the same ones in each run.
func (c *control) edit(*http.Request) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.edits++
	key := c.names[mix(c.seed+uint64(c.edits))%uint64(len(c.names))] //nolint:gosec // a count
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	b := c.store.buckets[dagsBucket]
	data := append(append([]byte{}, b.objects[key].data...), fmt.Sprintf("# edit %d\n", c.edits)...)
	o := newObject(key, data, c.store.now().Add(-editedBefore))
	b.put(key, o)
	return edit{key, o.modified}, nil
}

// forget empties the state, and begins a new Astro.
func (c *control) forget() {
	c.mu.Lock()
	// A version is live at once: how long Astro takes for that is Astro's.
	c.astro = astrotest.New(astrotest.Options{NoRateLimit: true, ArriveAfter: -1})
	c.mu.Unlock()
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.buckets[stateBucket].fill(map[string]*object{})
}

// counts are those since they were taken last.
func (c *control) counts(*http.Request) (any, error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	t := c.store.counts
	c.store.counts = tally{}
	return t, nil
}

// step is one of a run's, as its record tells it.
type step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// steps are those of the run that wrote its record last.
func (c *control) steps(*http.Request) (any, error) {
	c.store.mu.RLock()
	defer c.store.mu.RUnlock()
	var record struct{ Steps []step }
	err := json.Unmarshal(c.store.record, &record)
	return record.Steps, err
}

func (c *control) live(r *http.Request) (any, error) {
	var a about
	for _, f := range c.simulator().Live(r.PathValue("deployment")) {
		a.Files++
		a.Bytes += f.Size
	}
	return a, nil
}

func (c *control) simulator() *astrotest.Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.astro
}
