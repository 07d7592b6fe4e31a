package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/fault"
)

// repository is a git working tree. It is asked by the program git, which every CI has and which knows each kind of clone;
// nothing is fetched, and no file of the working tree is changed.
type repository struct{ root string }

// openRepository finds the working tree around a folder.
func openRepository(ctx context.Context, dir string) (repository, error) {
	out, _, err := repository{dir}.git(ctx, nil, "rev-parse", "--show-toplevel")
	if err != nil {
		return repository{}, err
	}
	return repository{strings.TrimSuffix(out, "\n")}, nil
}

// git runs git, and tells its exit code where that is one of the answers that are expected.
func (r repository) git(ctx context.Context, answers []int, args ...string) (string, int, error) {
	return r.gitWith(ctx, "", answers, args...)
}

func (r repository) gitWith(ctx context.Context, input string, answers []int, args ...string) (string, int, error) {
	settings := []string{
		"--no-pager", "--no-optional-locks", "--literal-pathspecs", // so that a name with * is that name
		"-c", "core.fsmonitor=false", "-c", "core.excludesFile=" + os.DevNull, "-c", "submodule.recurse=false",
	}
	cmd := exec.CommandContext(ctx, "git", append(settings, args...)...) //nolint:gosec // a list of our own, and names checked or after --
	cmd.Dir, cmd.Stdin = r.root, strings.NewReader(input)
	cmd.Env = append(withoutRepository(cmd.Environ()), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_NO_REPLACE_OBJECTS=1")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.String(), 0, nil
	case ctx.Err() != nil:
		return "", 0, fmt.Errorf("run git %s: %w", args[0], ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		return "", 0, fault.Errorf(fault.Denied, "run git: it is not installed, or not in PATH; install it")
	case errors.As(err, &exit) && slices.Contains(answers, exit.ExitCode()):
		return out.String(), exit.ExitCode(), nil
	default:
		return "", 0, fault.Errorf(fault.Denied, "ask git in %s (git %s): %w: %s", r.root, args[0], err, strings.TrimSpace(said.String()))
	}
}

// withoutRepository leaves out the variables by which a git hook, say, names another repository than the folder's
// (git's own list: git rev-parse --local-env-vars). Those that configure git stay: a CI allows folders of other owners by them.
func withoutRepository(env []string) []string {
	local := []string{
		"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
		"GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE",
		"GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "LC_ALL", "GIT_TERMINAL_PROMPT",
	}
	return slices.DeleteFunc(slices.Clone(env), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(local, name)
	})
}

// commit is the id of a revision's commit, or "" if the clone does not have it. The revision is HEAD, a whole id or begins with refs/: never
// like an option.
func (r repository) commit(ctx context.Context, revision string) (string, error) {
	out, _, err := r.git(ctx, []int{1, 128}, "rev-parse", "--verify", "--quiet", revision+"^{commit}")
	return strings.TrimSpace(out), err
}

// has reports whether a commit or tree has something at a path.
func (r repository) has(ctx context.Context, tree, path string) (bool, error) {
	_, code, err := r.git(ctx, []int{1, 128}, "rev-parse", "--verify", "--quiet", tree+":"+path)
	return code == 0, err
}

// branch is the name of the branch that is checked out, or "" when HEAD is detached.
func (r repository) branch(ctx context.Context) (string, error) {
	out, _, err := r.git(ctx, []int{1}, "symbolic-ref", "--quiet", "--short", "HEAD")
	return strings.TrimSuffix(out, "\n"), err
}

// tip is the newest commit of a branch that the clone knows: the remote's, or its own; or "".
func (r repository) tip(ctx context.Context, branch string) (string, error) {
	for _, ref := range []string{"refs/remotes/origin/", "refs/heads/"} {
		if at, err := r.commit(ctx, ref+branch); at != "" || err != nil {
			return at, err
		}
	}
	return "", nil
}

// shallow reports whether the clone lacks older commits.
func (r repository) shallow(ctx context.Context) (bool, error) {
	out, _, err := r.git(ctx, nil, "rev-parse", "--is-shallow-repository")
	return strings.TrimSpace(out) == "true", err
}

// isAncestor reports whether a commit is among those that another is built on, or the same. In a shallow clone it may be so and not
// be known.
func (r repository) isAncestor(ctx context.Context, older, newer string) (bool, error) {
	_, code, err := r.git(ctx, []int{1}, "merge-base", "--is-ancestor", older, newer)
	return err == nil && code == 0, err
}

// mergeTree is the tree that a merge would make, or "" if git cannot make it alone: conflicts (exit code 1), histories
// that have nothing in common as in a shallow clone (128), a git before 2.38 (129).
func (r repository) mergeTree(ctx context.Context, into, from string) (string, error) {
	out, code, err := r.git(ctx, []int{1, 128, 129}, "merge-tree", "--write-tree", "-z", "--no-messages", into, from)
	if err != nil || code != 0 {
		return "", err
	}
	tree, _, _ := strings.Cut(out, "\x00")
	return tree, nil
}

// wholeID is a commit's whole id (SHA-1 or SHA-256). What others recorded is not given to git before it looks like one.
var wholeID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// short is a commit's id as people read it.
func short(commit string) string { return commit[:min(len(commit), 7)] }
