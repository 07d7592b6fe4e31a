package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// change is a path that two trees hold differently. A rename is two of them: what it means depends on both paths.
type change struct {
	path string
	// status is A (added), D (deleted), M (contents or mode changed), T (became a link, a submodule or a file), ? (in no commit).
	status string
}

// diff is what changed between two commits or trees, whatever lies between them.
func (r repository) diff(ctx context.Context, from, to string) ([]change, error) {
	out, _, err := r.git(ctx, nil, "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--ignore-submodules=none", from, to, "--")
	if err != nil {
		return nil, err
	}
	fields := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	var all []change
	for i := 0; i+1 < len(fields); i += 2 { // ":100644 100755 id id M", path
		head := strings.Fields(fields[i])
		if len(head) != 5 {
			return nil, fmt.Errorf("read git's diff: %q is no change", fields[i])
		}
		all = append(all, change{fields[i+1], head[4][:1]})
	}
	return sorted(all), nil
}

// dirty is what the working tree holds otherwise than HEAD: staged, not staged, and new files that no .gitignore of the repository names.
func (r repository) dirty(ctx context.Context) ([]change, error) {
	out, _, err := r.git(ctx, nil, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=none", "--no-renames")
	if err != nil {
		return nil, err
	}
	var all []change
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") { // "XY path"
		if len(entry) > 3 {
			all = append(all, change{entry[3:], strings.TrimLeft(entry[:2], " ")[:1]})
		}
	}
	return sorted(all), nil
}

func sorted(all []change) []change {
	slices.SortFunc(all, func(a, b change) int { return cmp.Compare(a.path, b.path) })
	return all
}
