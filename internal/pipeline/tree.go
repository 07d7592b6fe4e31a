package pipeline

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/dagferry/dagferry/internal/fault"
)

// tree is what of a commit's files bears on what their changes mean.
type tree struct {
	// dockerfile: there is something to build an image from.
	dockerfile bool
	// links are the project's symbolic links, and the paths that they lead to, in the repository.
	links map[string]string
	// ignored are the project's paths that certainly are not in the image; nil if nothing is certain.
	ignored *patternmatcher.PatternMatcher
}

const linkMode = "120000"

// readTree looks at the project in the tree that would be deployed.
func (p *planning) readTree(ctx context.Context) error {
	entries, err := p.repo.list(ctx, p.tree, p.Project)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return fault.Errorf(fault.Rejected, "there is no folder %q in commit %s: correct pipeline.project, or commit the folder", p.Project, short(p.Head))
	}
	var links, ids []string
	files := map[string]string{}
	for _, e := range entries {
		if e.mode == linkMode {
			links, ids = append(links, e.path), append(ids, e.id)
		}
		if within, ok := below(e.path, p.Project); ok && !strings.Contains(within, "/") {
			files[within] = e.id
		}
	}
	p.files.dockerfile = files["Dockerfile"] != ""
	targets, err := p.repo.blobs(ctx, ids)
	if err != nil {
		return err
	}
	p.files.links = map[string]string{}
	for i, link := range links {
		if to := path.Join(path.Dir(link), targets[i]); !path.IsAbs(targets[i]) && to != ".." && !strings.HasPrefix(to, "../") {
			p.files.links[link] = to
		}
	}
	return p.readIgnored(ctx, files)
}

// readIgnored reads .dockerignore, if it is certain what it means: builders disagree which file wins where there are others, and
// what an exception within an ignored folder does.
func (p *planning) readIgnored(ctx context.Context, files map[string]string) error {
	id := files[".dockerignore"]
	if id == "" || files["Dockerfile.dockerignore"] != "" || files[".containerignore"] != "" {
		return nil
	}
	texts, err := p.repo.blobs(ctx, []string{id})
	if err != nil {
		return err
	}
	patterns, err := ignorefile.ReadAll(strings.NewReader(texts[0]))
	if err != nil {
		return fault.Errorf(fault.Rejected, "read .dockerignore: %w", err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return fault.Errorf(fault.Rejected, "read .dockerignore: %w", err)
	}
	if !matcher.Exclusions() {
		p.files.ignored = matcher
	}
	return nil
}

// below is a path inside of a folder; the folder "." has all.
func below(p, folder string) (string, bool) {
	if folder == "." {
		return p, true
	}
	return strings.CutPrefix(p, folder+"/")
}

type entry struct{ mode, id, path string }

// list is what a tree has below a folder.
func (r repository) list(ctx context.Context, tree, folder string) ([]entry, error) {
	args := []string{"ls-tree", "-r", "-z", "--full-tree", tree}
	if folder != "." {
		args = append(args, "--", folder+"/")
	}
	out, _, err := r.git(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	var all []entry
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") { // "mode type id\tpath"
		head, name, ok := strings.Cut(line, "\t")
		if fields := strings.Fields(head); ok && len(fields) == 3 {
			all = append(all, entry{fields[0], fields[2], name})
		}
	}
	return all, nil
}

// blobs are the contents of blobs, in their order.
func (r repository) blobs(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, _, err := r.gitWith(ctx, strings.Join(ids, "\n")+"\n", nil, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	from := bufio.NewReader(strings.NewReader(out))
	all := make([]string, 0, len(ids))
	for _, id := range ids { // "id blob size", contents, a line's end
		head, err := from.ReadString('\n')
		fields := strings.Fields(head)
		if err != nil || len(fields) != 3 {
			return nil, fmt.Errorf("read blob %s from git: it said %q", short(id), head)
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, fmt.Errorf("read blob %s from git: %w", short(id), err)
		}
		contents := make([]byte, size+1)
		if _, err := io.ReadFull(from, contents); err != nil {
			return nil, fmt.Errorf("read blob %s from git: %w", short(id), err)
		}
		all = append(all, string(contents[:size]))
	}
	return all, nil
}
