// Symbols makes the indexes of package symbols: what can be imported from each minor version of Airflow.
//
//	make symbols
//
// It installs each version of versions.txt into a virtual environment of its own, without extras, and asks it twice
// (walk.py). First, which names there may be. Then all names that any version has: is it still to be had here? So an
// index's "no" is Python's own. Then it asks ruff's AIR rules about every name and argument that some version lacks.
//
// Airflow publishes constraints files beside its releases, but in no package registry. Their stand-in is time: uv
// resolves as if it were two days after the release (--exclude-newer), which is about when they are made.
//
// To add a version, put it into versions.txt with that date (instead of the older patch of its minor, whose file in
// internal/parse/symbols/data is overwritten), run make symbols, look at what changed in data/replacements.txt, and run
// make imports-agree. It takes Python 3.11 on the PATH, which all of these versions run on.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "symbols:", err)
		os.Exit(1)
	}
}

// program is what the flags say.
type program struct {
	cache string // has venv/symbols with uv and ruff, and gets a venv for each Airflow
	here  string // the folder of this program's sources
	out   string
}

func run(ctx context.Context, args []string) error {
	var p program
	flags := flag.NewFlagSet("symbols", flag.ContinueOnError)
	flags.StringVar(&p.cache, "cache", ".cache", "folder of tools and virtual environments")
	flags.StringVar(&p.here, "sources", filepath.Join("internal", "tools", "symbols"), "folder of walk.py")
	flags.StringVar(&p.out, "out", filepath.Join("internal", "parse", "symbols", "data"), "folder of the indexes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	versions, err := p.versions()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "symbols")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // only scratch
	return p.generate(ctx, versions, work)
}

func (p program) generate(ctx context.Context, versions []string, work string) error {
	if err := p.install(ctx, versions); err != nil {
		return err
	}
	candidates, err := p.walk(ctx, versions, work)
	if err != nil {
		return err
	}
	answers, err := p.ask(ctx, versions, candidates, work)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if err := p.writeIndex(a); err != nil {
			return err
		}
	}
	advice, err := p.advice(ctx, answers, work)
	if err != nil {
		return err
	}
	return p.writeReplacements(advice, answers)
}
