package pipeline

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/dagferry/dagferry/internal/fault"
)

// tracked is what git knows in a working tree, by path from its root, the files of submodules included. Links are those of them that the
// commit has as symbolic links.
type tracked struct {
	files, links map[string]bool
}

const moduleMode = "160000"

// tracked finds what a deploy takes of some paths: what is in the index, and what the plan takes along in no commit. It fails where the
// working tree does not hold what the commit has and git status does not tell.
func (p Plan) tracked(ctx context.Context, paths ...string) (tracked, error) {
	t := tracked{map[string]bool{}, map[string]bool{}}
	return t, p.track(ctx, t, repository{p.Root}, "", len(p.Dirty) > 0, paths)
}

// track adds what one repository has: the one at the root, or a submodule at a path below it.
func (p Plan) track(ctx context.Context, t tracked, r repository, at string, others bool, paths []string) error {
	out, _, err := r.git(ctx, nil, append([]string{"ls-files", "-z", "-v", "--stage", "--cached", "--"}, paths...)...)
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") { // "H mode id stage\tpath"
		head, name, ok := strings.Cut(line, "\t")
		if fields := strings.Fields(head); ok && len(fields) == 4 {
			if err := p.add(ctx, t, fields[0], fields[1], path.Join(at, name)); err != nil {
				return err
			}
		}
	}
	if !others {
		return nil
	}
	out, _, err = r.git(ctx, nil, append([]string{"ls-files", "-z", "--others", "--exclude-standard", "--"}, paths...)...)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if name != "" {
			t.files[path.Join(at, name)] = true
		}
	}
	return nil
}

// add adds one entry of an index.
func (p Plan) add(ctx context.Context, t tracked, tag, mode, name string) error {
	along := p.takesAlong(name)
	switch {
	case tag != "H" && !along:
		return fault.Errorf(fault.Rejected, "git was told not to check out %s, or not to look at it (git ls-files -v): what is in the folder is not the commit. "+
			"Check out all of it: git sparse-checkout disable; git update-index --no-skip-worktree --no-assume-unchanged", Quoted(name))
	case mode == moduleMode:
		return p.module(ctx, t, name, along)
	case mode == linkMode:
		t.links[name] = true
	}
	t.files[name] = true
	return nil
}

// module adds the files of a submodule. One that is not checked out is an empty folder, in which git status misses nothing.
func (p Plan) module(ctx context.Context, t tracked, name string, along bool) error {
	root := filepath.Join(p.Root, filepath.FromSlash(name))
	if _, err := os.Lstat(filepath.Join(root, ".git")); err != nil {
		if along {
			return nil // it was removed
		}
		return fault.Errorf(fault.Rejected, "the submodule %s is not checked out, and a deploy would be without its files. Check it out: git submodule update --init --recursive "+
			"(in a CI, have its checkout do so)", Quoted(name))
	}
	return p.track(ctx, t, repository{root}, name, along, nil)
}

// takesAlong reports whether what is at a path, or in it, is in no commit.
func (p Plan) takesAlong(name string) bool {
	for _, f := range p.Dirty {
		dirty := strings.TrimSuffix(f.Path, "/") // as git names a repository within
		if _, inside := below(name, dirty); inside || name == dirty {
			return true
		}
	}
	return false
}
