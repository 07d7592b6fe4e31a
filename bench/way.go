package main

import (
	"context"
	"time"
)

// way is one way to get a tree of DAGs from a bucket into a deploy.
type way struct {
	name  string // in results
	label string // for people
	// keeps says that one run leaves in the bucket what makes the next one cheaper, on another machine too.
	keeps bool
	// refetches says that it fetches everything each time, so that it does warm what it does cold, but for its start.
	refetches bool
	begin     func(context.Context, place) (runner, error)
}

// place is where a way works: which store it asks, and a folder that is its own.
type place struct {
	store      *remote
	cores      cores
	dir        string // for the fetched files and the archive
	deployment string
	edited     *edit // what was changed since the run before
}

// runner is a way that was begun: a process that stays, or a command that is started for each run.
type runner interface {
	// run makes one run; the first one begins with the start of the process.
	run(context.Context, place) (usage, error)
	close() error
}

// usage is what a run took. Memory is in bytes.
type usage struct {
	wall, cpu time.Duration
	memory    int64
	// worker is how much of the memory was the Python interpreter's that checks DAGs.
	worker int64
	// steps are where the time went, where a way tells.
	steps []step
}

// stopwatch measures a process that stays, with its children.
type stopwatch struct {
	pid   int
	began time.Time
	cpu   map[int]time.Duration
}

// watch begins to measure a process that has already run. A stopwatch of a process that is only about to start has began
// only.
func watch(pid int) (*stopwatch, error) {
	w := &stopwatch{pid: pid, cpu: map[int]time.Duration{}}
	for _, p := range append(children(pid), pid) {
		used, err := cpuTime(p)
		if err != nil {
			return nil, err
		}
		if err := forgetPeak(p); err != nil {
			return nil, err
		}
		w.cpu[p] = used
	}
	w.began = time.Now()
	return w, nil
}

// stop ends it, when the run is at its end and the process still there.
func (w *stopwatch) stop() (usage, error) {
	u := usage{wall: time.Since(w.began)}
	for _, p := range append(children(w.pid), w.pid) {
		cpu, err := cpuTime(p)
		if err != nil {
			return u, err
		}
		memory, err := peakMemory(p)
		if err != nil {
			return u, err
		}
		u.cpu += cpu - w.cpu[p]
		u.memory += memory
		if p != w.pid {
			u.worker += memory
		}
	}
	return u, nil
}
