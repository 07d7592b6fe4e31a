package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the processor time, user's and system's, that a process has used. Its clock is the one that
// clock_getcpuclockid(3) makes of a process id; /proc has it in hundredths of a second only.
func cpuTime(pid int) (time.Duration, error) {
	const cpuClockOfProcess = 2 // CPUCLOCK_SCHED of linux/posix-timers.h
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuClockOfProcess), &t); err != nil { //nolint:gosec // as the header computes it
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// peakMemory is the most memory in bytes that a process held resident since it began, or since forgetPeak.
func peakMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("read the memory of process %d: it has ended", pid)
}

// forgetPeak begins peakMemory anew (proc(5), clear_refs).
func forgetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// children are the processes that a process started, as far as they run.
func children(pid int) []int {
	entries, _ := os.ReadDir("/proc") // none on a machine that hides them
	var all []int
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		if err != nil {
			continue
		}
		// The name, in brackets, may hold anything; the state and the parent are behind it.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 1 && string(fields[1]) == strconv.Itoa(pid) {
			all = append(all, child)
		}
	}
	return all
}

// rusage is what a process that has ended, and what it waited for, used. The memory is the largest of them; the kernel
// counts this program's own in, which shared it for a moment, so that this program must stay small.
func rusage(state *os.ProcessState) (peak int64) {
	if u, ok := state.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}
