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

	"github.com/dagferry/dagferry/internal/parse/embedded"
)

// checks are what `dagferry check` takes for trees, as processor time: what else the machine does changes that less than it
// changes seconds. It counts the process and the interpreters that it starts.
type checks struct {
	cores       cores
	binary      string
	interpreter string
	rounds      int
	seed        uint64
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
	interpreter, err := embedded.Interpreter()
	if err != nil {
		return err
	}
	c := checks{findCores(), filepath.Join(dir, "dagferry"), interpreter, max(o.rounds, leastRounds), o.seed}
	build := exec.CommandContext(ctx, "go", "build", "-o", c.binary, "./cmd/dagferry") //nolint:gosec // of this repository
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build dagferry (from the repository's root): %w\n%s", err, said)
	}
	m := thisMachine(c.cores)
	fmt.Fprintf(out, "%s, %d cores, %s, commit %s, load %s when it began; one core, medians of %d\n\n", m.CPU, m.Cores, m.Go, m.Commit, m.Load, c.rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "files\tlevel\tCPU s\tleast\tmost\ttimes CPython\tpeak MB")
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
	ways := []string{cpython, "syntax", "rules"}
	seconds, shares, peaks := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	for range c.rounds {
		for _, way := range ways {
			cpu, peak, err := c.check(ctx, tree, way)
			if err != nil {
				return err
			}
			seconds[way], peaks[way] = append(seconds[way], cpu.Seconds()), append(peaks[way], float64(peak)/1e6)
			alone := seconds[cpython]
			shares[way] = append(shares[way], cpu.Seconds()/alone[len(alone)-1])
		}
	}
	for _, way := range ways {
		all := seconds[way]
		fmt.Fprintf(out, "%d\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\n", files, way, median(all), slices.Min(all), slices.Max(all), median(shares[way]), median(peaks[way]))
	}
	return nil
}

// cpython is what no way to check by CPython's own verdict can go below: its trees of all files, and compiling these, in one
// process that does nothing else. A machine that is slow at the moment is so for this, too.
const cpython = "CPython alone"

const cpythonAlone = `
import gc, os, sys
gc.disable()
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                compile(compile(file.read(), name, "exec", 0x400, True), name, "exec", 0, True)
`

// check is one run: its processor time, user's and system's, and the peak memory in bytes of the larger process.
func (c checks) check(ctx context.Context, tree, way string) (cpu time.Duration, peak int64, err error) {
	args := []string{c.binary, "check", filepath.Join(tree, "dags"), "--level", way, "--airflow", "3.3"}
	if way == cpython {
		args = []string{c.interpreter, "-I", "-S", "-B", "-c", cpythonAlone, filepath.Join(tree, "dags")}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // what was built above, and its interpreter
	cmd.Stderr = os.Stderr
	if err := c.cores.first(cmd.Start); err != nil {
		return 0, 0, err
	}
	if err := cmd.Wait(); err != nil {
		return 0, 0, fmt.Errorf("check the tree, %s: %w", way, err)
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
