package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The cases of a row.
const (
	cold          = "cold"            // a new process that knows nothing: an empty folder, no state
	oneChangeCold = "one-change-cold" // a new process after a deploy and one edit
	warm          = "warm"            // one edit after a run: the same process, or the same folder
)

// row is what a way took in a case: medians of its rounds.
type row struct {
	Way   string `json:"way"`
	Files int    `json:"files"`
	Case  string `json:"case"`
	// WallS and CPUS are in seconds, RSSMB in MB (10⁶ bytes): the peak of the process and its children.
	WallS float64 `json:"wall_s"`
	CPUS  float64 `json:"cpu_s"`
	RSSMB float64 `json:"rss_mb"`
	// WorkerMB is how much of RSSMB was the interpreter's that checks DAGs.
	WorkerMB float64 `json:"worker_mb,omitempty"`
	Get      int     `json:"get"`
	List     int     `json:"list"`
	Head     int     `json:"head"`
	Put      int     `json:"put"`
	// Record are the PUTs of run records, which are not in Put.
	Record       int     `json:"record,omitempty"`
	MB           float64 `json:"mb"` // that the store sent
	USDPer1000   float64 `json:"usd_per_1000"`
	Rounds       int     `json:"rounds"`
	SpreadS      float64 `json:"spread_s"`          // between the slowest and the fastest round
	SameAs       string  `json:"same_as,omitempty"` // the case that was measured for this one
	Steps        []step  `json:"steps,omitempty"`   // where dagferry's time went: medians, what was done twice added up
	walls, cpus  []float64
	rsses, works []float64
	steps        map[string][]float64
}

// skipped is a way that was not measured, since it would take too long.
type skipped struct {
	Way   string  `json:"way"`
	Files int     `json:"files"`
	OverS float64 `json:"over_s"`
	Why   string  `json:"why"`
}

// start is how long the function's executable took from its start, in seconds: medians and slowest of Rounds.
type start struct {
	Rounds       int     `json:"rounds"`
	ReadyS       float64 `json:"ready_s"` // to its first request for an event
	ReadySlowest float64 `json:"ready_slowest_s"`
	AnswerS      float64 `json:"answer_s"` // to its answer to a batch of nothing
	MB           float64 `json:"mb"`       // of memory then
}

// results are one run of this program.
type results struct {
	Machine machine   `json:"machine"`
	Seed    uint64    `json:"seed"`
	Rows    []row     `json:"rows"`
	Skipped []skipped `json:"skipped,omitempty"`
	// Unchanged is dagferry's run where nothing was changed.
	Unchanged []row `json:"unchanged,omitempty"`
	Start     start `json:"start"`
	Bars      []bar `json:"bars,omitempty"`
}

// add takes a round into a row.
func (r *row) add(u usage, t tally) {
	r.walls, r.cpus = append(r.walls, u.wall.Seconds()), append(r.cpus, u.cpu.Seconds())
	r.rsses, r.works = append(r.rsses, float64(u.memory)/1e6), append(r.works, float64(u.worker)/1e6)
	r.Rounds = len(r.walls)
	r.WallS, r.CPUS, r.RSSMB, r.WorkerMB = median(r.walls), median(r.cpus), median(r.rsses), median(r.works)
	r.SpreadS = slices.Max(r.walls) - slices.Min(r.walls)
	r.addSteps(u.steps)
	// Counts that differ between rounds are retries: the largest is told.
	r.Get, r.List, r.Head = max(r.Get, t.Get), max(r.List, t.List), max(r.Head, t.Head)
	r.Put, r.Record, r.MB = max(r.Put, t.Put), max(r.Record, t.Record), max(r.MB, float64(t.Bytes)/1e6)
	r.USDPer1000 = usdPer1000(r.WallS, tally{Get: r.Get, List: r.List, Head: r.Head, Put: r.Put, Record: r.Record})
}

func (r *row) addSteps(all []step) {
	total := map[string]float64{}
	for _, s := range all {
		total[s.Name] += s.Seconds
	}
	if r.steps == nil {
		r.steps = map[string][]float64{}
	}
	for _, s := range all {
		if len(r.steps[s.Name]) == len(r.walls) {
			continue // was done twice, and is in the sum
		}
		if _, known := r.steps[s.Name]; !known {
			r.Steps = append(r.Steps, step{Name: s.Name})
		}
		r.steps[s.Name] = append(r.steps[s.Name], total[s.Name])
	}
	for i := range r.Steps {
		r.Steps[i].Seconds = median(r.steps[r.Steps[i].Name])
	}
}

// step is the seconds of one, 0 if there is none of the name.
func (r *row) step(name string) float64 {
	for _, s := range r.Steps {
		if s.Name == name {
			return s.Seconds
		}
	}
	return 0
}

// requests is all that the store was asked.
func (r *row) requests() int { return r.Get + r.List + r.Head + r.Put + r.Record }

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// find is a way's row, or nil.
func (r *results) find(way string, files int, in string) *row {
	for i := range r.Rows {
		if c := &r.Rows[i]; c.Way == way && c.Files == files && c.Case == in {
			return c
		}
	}
	return nil
}

// over says from when on a way was not waited for, if it was skipped.
func (r *results) over(way string, files int) (seconds float64, skipped bool) {
	for _, s := range r.Skipped {
		if s.Way == way && s.Files == files {
			return s.OverS, true
		}
	}
	return 0, false
}

// sizes are those of the rows.
func (r *results) sizes() []int {
	var all []int
	for _, c := range r.Rows {
		all = append(all, c.Files)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *results) save(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, append(data, '\n'), 0o644)) //nolint:gosec // for people
}

func loadResults(path string) (*results, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the caller names it
	if err != nil {
		return nil, fmt.Errorf("read the results of a run (make bench makes one): %w", err)
	}
	r := &results{}
	return r, json.Unmarshal(data, r)
}

// day is a date as documents have it.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
