package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// checks are what `dagferry check` takes for trees, as processor time: what else the machine does changes that less than it
// changes seconds. It counts the process and the interpreters that it starts.
type checks struct {
	cores  cores
	binary string
	rounds int
	seed   uint64
}

// leastRounds of a check: a round is short, and processor time varies with what else is in the machine's caches.
const leastRounds = 5

// measureChecks checks the trees of all sizes at both levels, in turns, and tells the medians.
func (o options) measureChecks(ctx context.Context, out io.Writer) (err error) {
	sizes, err := o.files()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dagferry-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := checks{cores: findCores(), binary: filepath.Join(dir, "dagferry"), rounds: max(o.rounds, leastRounds), seed: o.seed}
	build := exec.CommandContext(ctx, "go", "build", "-o", c.binary, "./cmd/dagferry") //nolint:gosec // of this repository
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build dagferry (from the repository's root): %w\n%s", err, said)
	}
	m := thisMachine(c.cores)
	fmt.Fprintf(out, "%s, %d cores, %s, commit %s, load %s when it began; one core, medians of %d\n\n", m.CPU, m.Cores, m.Go, m.Commit, m.Load, c.rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "files\tlevel\tCPU s\tleast\tmost\tpeak MB")
	for _, files := range sizes {
		tree := filepath.Join(dir, fmt.Sprint(files))
		if err := writeTree(tree, newTree(c.seed, files)); err != nil {
			return err
		}
		if err := c.size(ctx, table, tree, files); err != nil {
			return err
		}
	}
	return table.Flush()
}

// size checks one tree.
func (c checks) size(ctx context.Context, out io.Writer, tree string, files int) error {
	if _, _, err := c.check(ctx, tree, "syntax"); err != nil { // the interpreter is unpacked, and all files are in memory
		return err
	}
	levels := []string{"syntax", "rules"}
	seconds, peaks := map[string][]float64{}, map[string][]float64{}
	for range c.rounds {
		for _, level := range levels {
			cpu, peak, err := c.check(ctx, tree, level)
			if err != nil {
				return err
			}
			seconds[level], peaks[level] = append(seconds[level], cpu.Seconds()), append(peaks[level], float64(peak)/1e6)
		}
	}
	for _, level := range levels {
		all := seconds[level]
		fmt.Fprintf(out, "%d\t%s\t%.2f\t%.2f\t%.2f\t%.0f\n", files, level, median(all), slices.Min(all), slices.Max(all), median(peaks[level]))
	}
	return nil
}

// check is one run: its processor time, user's and system's, and the peak memory in bytes of the larger process.
func (c checks) check(ctx context.Context, tree, level string) (cpu time.Duration, peak int64, err error) {
	cmd := exec.CommandContext(ctx, c.binary, "check", filepath.Join(tree, "dags"), "--level", level, "--airflow", "3.3") //nolint:gosec // what was built above
	cmd.Stderr = os.Stderr
	if err := c.cores.first(cmd.Start); err != nil {
		return 0, 0, err
	}
	if err := cmd.Wait(); err != nil {
		return 0, 0, fmt.Errorf("check the tree at level %s: %w", level, err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), rusage(cmd.ProcessState), nil
}

// writeTree writes a tree into a folder.
func writeTree(dir string, tree []file) error {
	for _, f := range tree {
		name := filepath.Join(dir, filepath.FromSlash(f.key))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
