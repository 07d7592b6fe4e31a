package main

import (
	"context"
	"errors"
	"fmt"
)

// release is what people install, from one commit.
type release struct {
	dir      string // in the tree that is released
	out      *folder
	products func(commit) []deliverable
	tell     func(name string, data []byte)
}

// deliverable is one file of a release.
type deliverable interface {
	file() string
	pack(ctx context.Context) (packed, error)
}

// ourProducts are those of this repository, whose root is given.
func ourProducts(module, root string) func(commit) []deliverable {
	return func(c commit) []deliverable {
		var all []deliverable
		for _, arch := range []string{"amd64", "arm64"} {
			all = append(all, function("s3sync", module+"/functions/s3sync", c.version, arch))
		}
		all = append(all, source{module + "/functions/gcssync", c.version})
		for _, os := range []string{"linux", "darwin"} {
			for _, arch := range []string{"amd64", "arm64"} {
				all = append(all, commandLine("dagferry", module+"/cmd/dagferry", c.version, os, arch, root, c.when))
			}
		}
		return all
	}
}

// make writes the products, a bill of materials for each, and the checksums of all. It refuses what nobody could
// build again: a tree that is no commit, and modules in the cache that are not what go.sum says.
func (r release) make(ctx context.Context) error {
	from, err := describe(ctx, r.dir)
	if err != nil {
		return fmt.Errorf("find the version; a release is made in a clone of the repository: %w", err)
	}
	if err := from.clean(); err != nil {
		return err
	}
	products := r.products(from)
	if err := r.out.only(names(products)); err != nil {
		return err
	}
	if _, err := goOutput(ctx, "mod", "verify"); err != nil {
		return fmt.Errorf("the module cache does not hold what go.sum says; go clean -modcache empties it: %w", err)
	}
	for _, p := range products {
		if err := r.add(ctx, p, from); err != nil {
			return fmt.Errorf("pack %s: %w", p.file(), err)
		}
	}
	after, err := describe(ctx, r.dir)
	if err == nil && after != from {
		err = errors.Join(errors.New("the tree changed while it was built: make the release again"), after.clean())
	}
	if err != nil {
		return err
	}
	return r.out.finish()
}

// add builds one product, and writes it and its bill of materials.
func (r release) add(ctx context.Context, p deliverable, from commit) error {
	done, err := p.pack(ctx)
	if err != nil {
		return err
	}
	bom, err := done.bom(from.when)
	if err != nil {
		return err
	}
	if err := r.out.add(p.file(), done.data); err != nil {
		return err
	}
	r.tell(p.file(), done.data)
	if err := r.out.add(bomName(p), bom); err != nil {
		return err
	}
	r.tell(bomName(p), bom)
	return nil
}

// bomName ends as CycloneDX recommends, so that tools know what it is.
func bomName(p deliverable) string { return p.file() + ".cdx.json" }

// names are those of a release's files.
func names(products []deliverable) []string {
	all := []string{sumsFile}
	for _, p := range products {
		all = append(all, p.file(), bomName(p))
	}
	return all
}
