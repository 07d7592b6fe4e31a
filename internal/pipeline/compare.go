package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/dagferry/dagferry/internal/config"
)

// compare classifies what differs from what is live: each part since its own base.
func (p *planning) compare(ctx context.Context) error {
	var err error
	if p.image, err = p.since(ctx, &p.ImageBase); err != nil {
		return err
	}
	if p.ours() {
		if p.dags, err = p.since(ctx, &p.DagBase); err != nil {
			return err
		}
	}
	p.Files = p.union()
	dirty, err := p.repo.dirty(ctx)
	if err != nil {
		return err
	}
	for _, c := range dirty {
		if f := p.classify(c); !f.Is(ClassAside) && (!f.only(ClassDags) || p.ours()) {
			p.Dirty = append(p.Dirty, f)
		}
	}
	return nil
}

// since compares with a base, if that is known.
func (p *planning) since(ctx context.Context, base *Base) ([]File, error) {
	if base.Unknown != "" {
		return nil, nil
	}
	if err := p.reach(ctx, base); err != nil || base.Unknown != "" {
		return nil, err
	}
	changed, err := p.repo.diff(ctx, base.Commit, p.tree)
	all := make([]File, 0, len(changed))
	for _, c := range changed {
		all = append(all, p.classify(c))
	}
	return all, err
}

// reach says so if the clone does not have the base's commit.
func (p *planning) reach(ctx context.Context, base *Base) error {
	found, err := p.repo.commit(ctx, base.Commit)
	if found != "" || err != nil {
		return err
	}
	shallow, err := p.repo.shallow(ctx)
	base.Unknown = fmt.Sprintf("its commit %s is not in this repository: the branch was rewritten since, or it is of another repository", short(base.Commit))
	if shallow {
		base.Unknown = fmt.Sprintf("its commit %s is not in this clone, which is shallow: fetch the whole history (fetch-depth: 0, GIT_DEPTH: 0, clone depth full) to compare with it", short(base.Commit))
	}
	return err
}

// union are the files of both comparisons, each as far as it counts: a DAG since the DAGs' base, the rest since the image's. Without
// DAGs of its own the pipeline lists those that it leaves.
func (p *planning) union() []File {
	files := map[string]File{}
	add := func(all []File, counts func(Class) bool) {
		for _, f := range all {
			classes := slices.DeleteFunc(slices.Clone(f.Classes), func(c Class) bool { return !counts(c) })
			if len(classes) == 0 {
				continue
			}
			for _, c := range files[f.Path].Classes {
				if !slices.Contains(classes, c) {
					classes = append(classes, c)
				}
			}
			slices.Sort(classes)
			f.Classes = classes
			files[f.Path] = f
		}
	}
	add(p.image, func(c Class) bool { return c != ClassDags || p.Dags != config.DagsGit })
	add(p.dags, func(c Class) bool { return c != ClassImage })
	return slices.SortedFunc(maps.Values(files), func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
}

// only reports whether the file is part of nothing else.
func (f File) only(c Class) bool { return len(f.Classes) == 1 && f.Classes[0] == c }
