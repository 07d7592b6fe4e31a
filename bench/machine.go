package main

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is where and when a run was made.
type machine struct {
	Date   time.Time `json:"date"`
	Commit string    `json:"commit"`
	CPU    string    `json:"cpu"`
	Cores  int       `json:"cores"`
	System string    `json:"system"`
	Go     string    `json:"go"`
	Pinned string    `json:"pinned"`
	// Load is the load average when the run began: figures of a machine that does other things count for little.
	Load string `json:"load"`
}

func thisMachine(c cores) machine {
	m := machine{
		Date: time.Now().UTC().Truncate(time.Second), CPU: runtime.GOARCH, Cores: runtime.NumCPU(), System: runtime.GOOS, Go: runtime.Version(),
		Pinned: c.pinned(), Commit: said("git", "describe", "--always", "--dirty"),
	}
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
		}
	}
	if version := read("/proc/sys/kernel/osrelease"); version != "" {
		m.System += " " + strings.TrimSpace(version)
	}
	if load := strings.Fields(read("/proc/loadavg")); len(load) > 0 {
		m.Load = load[0]
	}
	return m
}

// busy reports whether the machine did more than it has cores for. Building this program alone makes a load of about one.
func (m machine) busy() bool {
	load, err := strconv.ParseFloat(m.Load, 64)
	return err == nil && load > float64(m.Cores)
}

// read is a file's text, or nothing.
func read(path string) string {
	text, _ := os.ReadFile(path) //nolint:gosec // of /proc
	return string(text)
}

// said is what a command says, or nothing.
func said(name string, args ...string) string {
	out, _ := exec.Command(name, args...).Output() //nolint:gosec // the caller's
	return strings.TrimSpace(string(out))
}
