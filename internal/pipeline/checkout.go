package pipeline

import (
	"bytes"
	"context"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/fault"
)

// dagsFolder is the project's folder with the DAGs, as everywhere at Astro.
const dagsFolder = "dags"

// checkout are the DAGs of a working tree as a bucket: what git tracks there, and what a plan takes along besides. What git ignores is of
// no commit, and is left out.
type checkout struct {
	*dir.Bucket
	// root is the working tree's, folder the DAGs' below it.
	root, folder string
	tracked
	// part: files may be missing, since what is in no commit is taken along.
	part bool
	// leftOut are the files that git ignores, as of the last List.
	leftOut []string
}

// openCheckout opens the DAGs of a plan's project.
func openCheckout(ctx context.Context, p Plan) (*checkout, error) {
	c := &checkout{root: p.Root, folder: path.Join(p.Project, dagsFolder), part: len(p.Dirty) > 0}
	var err error
	if c.tracked, err = p.tracked(ctx, c.folder+"/"); err != nil {
		return nil, err
	}
	if c.Bucket, err = dir.Open(c.at(c.folder), dir.Options{}); err != nil {
		return nil, err
	}
	return c, c.checkLinks()
}

// at is where a path of the repository is on this machine.
func (c *checkout) at(name string) string { return filepath.Join(c.root, filepath.FromSlash(name)) }

// checkLinks refuses links to what git ignores: it is of no commit by another name, too. Those that lead out of the folder, or nowhere, the
// bucket refuses.
func (c *checkout) checkLinks() error {
	root, err := filepath.EvalSymlinks(c.root)
	if err != nil {
		return err
	}
	for name := range c.links {
		to, err := filepath.EvalSymlinks(c.at(name))
		if err != nil {
			continue
		}
		within, err := filepath.Rel(root, to)
		if err != nil {
			continue
		}
		if info, err := os.Lstat(c.at(name)); err == nil && info.Mode().IsRegular() && !c.part {
			return fault.Errorf(fault.Rejected, "%s is a link in the commit and a file in the folder: git was told not to make links (core.symlinks)", Quoted(name))
		}
		if info, err := os.Stat(to); err == nil && info.Mode().IsRegular() && !c.files[filepath.ToSlash(within)] {
			return fault.Errorf(fault.Rejected, "%s is a link to %s, which is of no commit: commit that, or remove the link", Quoted(name), Quoted(filepath.ToSlash(within)))
		}
	}
	return nil
}

// List is what a deploy takes.
func (c *checkout) List(ctx context.Context) (bucket.Listing, error) {
	all, err := c.Bucket.List(ctx)
	if err != nil {
		return all, err
	}
	c.leftOut = nil
	var taken []bucket.Object
	found := map[string]bool{}
	for _, o := range all.Objects {
		if name := path.Join(c.folder, o.Key); c.files[name] {
			found[name] = true
			taken = append(taken, o)
		} else {
			c.leftOut = append(c.leftOut, o.Key)
		}
	}
	for name := range c.files {
		if !c.part && !found[name] {
			return all, fault.Errorf(fault.Rejected, "git has %s, and the folder does not have it under that name: check out the commit again", Quoted(name))
		}
	}
	return bucket.NewListing(taken, all.At), nil
}

// What Git LFS leaves in place of a file that it did not fetch begins so, and is shorter than a kilobyte (its specification).
const (
	lfsPointer    = "version https://git-lfs.github.com/spec/"
	maxLFSPointer = 1 << 10
)

// Open reads a file, if it is the one that was meant.
func (c *checkout) Open(ctx context.Context, listed bucket.Object) (io.ReadCloser, error) {
	r, err := c.Bucket.Open(ctx, listed)
	if err != nil || listed.Size >= maxLFSPointer {
		return r, err
	}
	defer r.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(text, []byte(lfsPointer)) {
		return nil, fault.Errorf(fault.Rejected, "Git LFS did not fetch %s: what is in the folder only points to it. Fetch it: git lfs pull (in a CI, have its checkout do so)",
			Quoted(path.Join(c.folder, listed.Key)))
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}
