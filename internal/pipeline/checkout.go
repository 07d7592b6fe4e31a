package pipeline

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/fault"
)

// dagsFolder is the project's folder with the DAGs, as everywhere at Astro.
const dagsFolder = "dags"

// checkout are the DAGs of a working tree as a bucket: what git tracks there, and new files that no .gitignore of the repository
// names. What git ignores is of no commit, and is left out.
type checkout struct {
	*dir.Bucket
	// tracked are paths below dags/ that git knows; a submodule is one.
	tracked map[string]bool
	// leftOut are the files that git ignores, as of the last List.
	leftOut []string
}

// openCheckout opens the DAGs of a plan's project. Files of the commit that are not in the working tree are an error, unless they were
// removed there and that is taken along: a sparse checkout would remove them from the Deployment.
func openCheckout(ctx context.Context, p Plan) (*checkout, error) {
	folder := path.Join(p.Project, dagsFolder)
	opened, err := dir.Open(filepath.Join(p.Root, filepath.FromSlash(folder)), dir.Options{})
	if err != nil {
		return nil, err
	}
	c := &checkout{Bucket: opened, tracked: map[string]bool{}}
	repo := repository{p.Root}
	out, _, err := repo.git(ctx, nil, "ls-files", "-z", "--cached", "--others", "--exclude-per-directory=.gitignore", "--", folder+"/")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if within, ok := below(name, folder); ok {
			c.tracked[within] = true
		}
	}
	return c, repo.whole(ctx, p, folder)
}

// whole finds files that git was told not to check out, or not to look at.
func (r repository) whole(ctx context.Context, p Plan, folder string) error {
	out, _, err := r.git(ctx, nil, "ls-files", "-z", "-v", "--cached", "--", folder+"/")
	if err != nil {
		return err
	}
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") { // "H path"
		if len(entry) < 3 || entry[0] == 'H' {
			continue
		}
		name := entry[2:]
		if slices.ContainsFunc(p.Dirty, func(f File) bool { return f.Path == name }) {
			continue
		}
		return fault.Errorf(fault.Rejected, "git was told not to check out %s, or not to look at it (git ls-files -v %s): what is in the folder is not the commit. "+
			"Check out all of it: git sparse-checkout disable; git update-index --no-skip-worktree --no-assume-unchanged", Quoted(name), folder)
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
	for _, o := range all.Objects {
		if c.takes(o.Key) {
			taken = append(taken, o)
		} else {
			c.leftOut = append(c.leftOut, o.Key)
		}
	}
	return bucket.NewListing(taken, all.At), nil
}

// takes reports whether git knows a file, or the submodule that it is in.
func (c *checkout) takes(key string) bool {
	for at := key; at != "."; at = path.Dir(at) {
		if c.tracked[at] {
			return true
		}
	}
	return false
}
