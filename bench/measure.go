package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// limit is what a Lambda may take. A way that would take longer is not measured.
const limit = 900 * time.Second

// bench measures ways.
type bench struct {
	store  *remote
	cores  cores
	dir    string // for the ways' folders
	sizes  []int
	rounds int
	// once is how long a round may take and still be repeated.
	once time.Duration
	ways []way
	say  io.Writer
	// keep writes the results so far, so that a run that breaks off loses nothing.
	keep func(*results) error

	results results
	turn    int // of a Deployment and a folder of its own
}

// measure measures all sizes, the smallest first, and in each round one way after the other.
func (b *bench) measure(ctx context.Context) error {
	for _, files := range b.sizes {
		tree, err := b.store.tree(ctx, files)
		if err != nil {
			return err
		}
		fmt.Fprintf(b.say, "%d files, %.1f MB\n", tree.Files, float64(tree.Bytes)/1e6)
		for round := range b.rounds {
			for _, w := range b.ways {
				if err := b.round(ctx, w, files, round); err != nil {
					return fmt.Errorf("measure %s at %d files: %w", w.name, files, err)
				}
			}
		}
	}
	return nil
}

// round is one round of a way, unless that is not worth its time.
func (b *bench) round(ctx context.Context, w way, files, round int) error {
	if round == 0 && b.tooSlow(w, files) {
		return nil
	}
	if _, is := b.results.over(w.name, files); is {
		return nil
	}
	if before := b.results.find(w.name, files, cold); before != nil && before.WallS > b.once.Seconds() {
		return nil
	}
	began := time.Now()
	if err := b.cases(ctx, w, files); err != nil {
		return err
	}
	if err := b.keep(&b.results); err != nil {
		return err
	}
	fmt.Fprintf(b.say, "  round %d  %-10s %6.1f s\n", round+1, w.name, time.Since(began).Seconds())
	return nil
}

// tooSlow goes by the largest tree that the way was measured at.
func (b *bench) tooSlow(w way, files int) bool {
	for i := len(b.sizes) - 1; i >= 0; i-- {
		known := b.results.find(w.name, b.sizes[i], cold)
		if b.sizes[i] >= files || known == nil {
			continue
		}
		if expected := known.WallS * float64(files) / float64(known.Files); expected > limit.Seconds() {
			b.results.Skipped = append(b.results.Skipped, skipped{
				Way: w.name, Files: files, OverS: limit.Seconds(),
				Why: fmt.Sprintf("by its %.0f s at %d files it would take %.0f s, and a Lambda ends after 900 s", known.WallS, known.Files, expected),
			})
			return true
		}
		return false
	}
	return false
}

// cases are a way's, in the order of life: a first run, one after an edit, and one after another edit on a new machine.
func (b *bench) cases(ctx context.Context, w way, files int) (err error) {
	p, err := b.place(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.dir)) }()
	r, err := w.begin(ctx, p)
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, r.close())
		}
	}()
	if err := b.run(ctx, r, p, b.row(w, files, cold)); err != nil {
		return err
	}
	if w.refetches && b.results.find(w.name, files, cold).WallS > b.once.Seconds() {
		b.same(w, files, warm)
	} else if err := b.runEdited(ctx, r, p, b.row(w, files, warm)); err != nil {
		return err
	}
	if !w.keeps { // a new machine has nothing, so that it does all: measured above
		b.same(w, files, oneChangeCold)
		return nil
	}
	if err := b.run(ctx, r, p, rowOf(&b.results.Unchanged, w.name, files, "unchanged")); err != nil {
		return err
	}
	closed = true
	if err := r.close(); err != nil {
		return err
	}
	if r, err = w.begin(ctx, p); err != nil {
		return err
	}
	closed = false
	return b.runEdited(ctx, r, p, b.row(w, files, oneChangeCold))
}

// place is one of a new machine and a new Deployment.
func (b *bench) place(ctx context.Context) (place, error) {
	b.turn++
	p := place{store: b.store, cores: b.cores, dir: filepath.Join(b.dir, fmt.Sprint(b.turn)), deployment: fmt.Sprintf("clbench%d", b.turn)}
	if err := os.MkdirAll(p.dir, 0o750); err != nil {
		return p, err
	}
	return p, errors.Join(p.empty(), b.store.forget(ctx))
}

func (b *bench) runEdited(ctx context.Context, r runner, p place, into *row) error {
	e, err := b.store.edit(ctx)
	if err != nil {
		return err
	}
	p.edited = &e
	return b.run(ctx, r, p, into)
}

// run makes one run and takes it into a row.
func (b *bench) run(ctx context.Context, r runner, p place, into *row) error {
	if _, err := b.store.counts(ctx); err != nil { // that of what was before
		return err
	}
	u, err := r.run(ctx, p)
	if err != nil {
		return err
	}
	t, err := b.store.counts(ctx)
	if err != nil {
		return err
	}
	if t.Other > 0 {
		return fmt.Errorf("it sent %d requests that the store does not know the price of", t.Other)
	}
	if t.Record == 0 {
		u.steps = nil // they are of the run before
	}
	into.add(u, t)
	return nil
}

func (b *bench) row(w way, files int, in string) *row {
	return rowOf(&b.results.Rows, w.name, files, in)
}

// rowOf is a row, new if there is none.
func rowOf(rows *[]row, way string, files int, in string) *row {
	for i := range *rows {
		if r := &(*rows)[i]; r.Way == way && r.Files == files && r.Case == in {
			return r
		}
	}
	*rows = append(*rows, row{Way: way, Files: files, Case: in})
	return &(*rows)[len(*rows)-1]
}

// same makes the row of a case in which a way does the same as cold.
func (b *bench) same(w way, files int, in string) {
	made := *b.results.find(w.name, files, cold)
	made.Case, made.SameAs = in, cold
	*b.row(w, files, in) = made
}
