package main

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// cores are those that this process may use. What is measured gets the first, all else the others.
type cores []int

func findCores() cores {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var all cores
	for i := range len(set) * 64 {
		if set.IsSet(i) {
			all = append(all, i)
		}
	}
	return all
}

// pinned says in words what is done.
func (c cores) pinned() string {
	if len(c) < 2 {
		return "nothing is pinned: there is one core"
	}
	return "what is measured has one core (by its affinity), the store and the simulated Astro the others"
}

func (c cores) first(start func() error) error  { return c.on(c[:min(1, len(c))], start) }
func (c cores) others(start func() error) error { return c.on(c[min(1, len(c)):], start) }

// on calls start on a thread that may use these cores only: a process inherits the cores of the thread that starts it. Go
// ends such a thread with its goroutine.
func (c cores) on(some []int, start func() error) error {
	if len(c) < 2 {
		return start()
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		var set unix.CPUSet
		for _, i := range some {
			set.Set(i)
		}
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			done <- err
			return
		}
		done <- start()
	}()
	return <-done
}
