//go:build !linux

package main

// cores cannot be given to a process here.
type cores struct{}

func findCores() cores                          { return cores{} }
func (c cores) pinned() string                  { return "nothing is pinned: this system gives no cores to processes" }
func (c cores) first(start func() error) error  { return start() }
func (c cores) others(start func() error) error { return start() }
