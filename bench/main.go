// Bench measures a deploy of DAGs with dagferry beside what people do today, on a store that answers as late as S3:
//
//	go run ./bench                    100 and 1,000 files
//	go run ./bench -sizes 100,1000,5000,20000 -once 2m
//	go run ./bench -sizing            dagferry alone: which memory setting for how many files
//	go run ./bench -check -sizes 1000 dagferry check: its processor time (docs/checking.md)
//	go run ./bench -doc               writes docs/performance.md and its chart from the last run
//
// All ways get the same trees and the same latencies, one after the other, each in a process of its own on one core. What
// it writes is in bench/out; docs/performance.md says what it measures and what it leaves out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	sizes, ways  string
	rounds       int
	once         time.Duration
	seed         uint64
	out          string
	serve        bool
	sizing, docs bool
	check        bool
}

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.sizes, "sizes", "100,1000", "how many `files` the trees have")
	flags.StringVar(&o.ways, "ways", "", "only these `ways`")
	flags.IntVar(&o.rounds, "rounds", 3, "how often everything is measured")
	flags.DurationVar(&o.once, "once", 20*time.Second, "what takes longer is measured once")
	flags.Uint64Var(&o.seed, "seed", 1, "of the trees and the latencies")
	flags.StringVar(&o.out, "out", "bench/out", "where the results are, a `folder`")
	flags.BoolVar(&o.sizing, "sizing", false, "measure dagferry alone, and say which memory setting its function needs")
	flags.BoolVar(&o.check, "check", false, "measure the processor time of dagferry check alone, in five rounds or more")
	flags.BoolVar(&o.docs, "doc", false, "measure nothing; write docs/performance.md from the last results")
	flags.BoolVar(&o.serve, "serve", false, "be the store (for this program itself)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case o.serve:
		return serve(o.seed, os.Stdin, os.Stdout)
	case o.check:
		return o.measureChecks(ctx, os.Stdout)
	case o.docs:
		return writeDoc(o.out, "docs/performance.md")
	default:
		return o.measure(ctx)
	}
}

func (o options) measure(ctx context.Context) (err error) {
	sizes, err := o.files()
	if err != nil {
		return err
	}
	// Where the functions' temporary files are too.
	dir, err := os.MkdirTemp("", "dagferry-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.MkdirAll(o.out, 0o750); err != nil {
		return err
	}
	pack := filepath.Join(dir, "function")
	if err := unpackFunction(ctx, pack); err != nil {
		return err
	}
	b := &bench{cores: findCores(), dir: dir, sizes: sizes, rounds: o.rounds, once: o.once, say: os.Stderr, keep: o.keep}
	if b.ways, err = o.chosen(pack); err != nil {
		return err
	}
	b.results = results{Machine: thisMachine(b.cores), Seed: o.seed}
	if b.store, err = startStore(o.seed, b.cores); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.store.close()) }()
	if err := b.measureStart(ctx, pack); err != nil {
		return err
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	return o.tell(&b.results)
}

// keep writes what was measured so far.
func (o options) keep(r *results) error {
	r.Bars = r.judge()
	name := "results.json"
	if o.sizing {
		name = "sizing.json"
	}
	return r.save(filepath.Join(o.out, name))
}

func (o options) files() ([]int, error) {
	var all []int
	for word := range strings.SplitSeq(o.sizes, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("read -sizes: %q is no number of files", word)
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return all, nil
}

// chosen are the ways that are to be measured.
func (o options) chosen(pack string) ([]way, error) {
	log, err := filepath.Abs(filepath.Join(o.out, "function.log"))
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(log); err != nil { // the last run's
		return nil, err
	}
	ours := dagferry(pack, log)
	if o.sizing || o.ways == ours.name {
		return []way{ours}, nil
	}
	root, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	found, err := findTools(root)
	if err != nil {
		return nil, err
	}
	all := append([]way{ours}, found.peers()...)
	if o.ways == "" {
		return all, nil
	}
	wanted := strings.Split(o.ways, ",")
	return slices.DeleteFunc(all, func(w way) bool { return !slices.Contains(wanted, w.name) }), nil
}

// tell shows what was measured.
func (o options) tell(r *results) error {
	m := r.Machine
	fmt.Printf("%s, %d cores, %s, %s, commit %s, seed %d, load %s when it began; %s\n\n", m.CPU, m.Cores, m.System, m.Go, m.Commit, r.Seed, m.Load, m.Pinned)
	if err := r.print(os.Stdout); err != nil {
		return err
	}
	fmt.Println()
	if err := r.printSizing(os.Stdout); err != nil {
		return err
	}
	if o.sizing {
		return nil
	}
	fmt.Println()
	if err := printBars(os.Stdout, r.Bars); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.out, "performance.svg"), []byte(chart(r)), 0o644) //nolint:gosec // for people
}
