//go:build !linux

package parse

// HardenProcess does nothing here: only Linux hosts the functions.
func HardenProcess() error { return nil }
