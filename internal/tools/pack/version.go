package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// commit is what a tree of files is a copy of.
type commit struct {
	version string    // nearest tag and commit
	when    time.Time // it was made
	changes string    // what the tree has that the commit has not, as git status lists it
}

// describe asks git about the tree around dir. The version always has the same number of the commit's digits, which
// git would otherwise choose by what else the clone holds. Untracked files count as changes, which git describe does
// not look at: the compiler does.
func describe(ctx context.Context, dir string) (commit, error) {
	git := func(args ...string) (string, error) {
		// Without the optional lock, to which a person's git command at the same time would lose.
		cmd := exec.CommandContext(ctx, "git", append([]string{"--no-optional-locks"}, args...)...) //nolint:gosec // fixed arguments
		cmd.Dir = dir
		return output(cmd)
	}
	version, err := git("describe", "--tags", "--always", "--abbrev=12")
	if err != nil {
		return commit{}, err
	}
	when, err := git("rev-list", "--max-count=1", "--timestamp", "HEAD")
	if err != nil {
		return commit{}, err
	}
	changes, err := git("status", "--porcelain", "--untracked-files=all")
	if err != nil {
		return commit{}, err
	}
	seconds, err := strconv.ParseInt(strings.Fields(when)[0], 10, 64)
	if err != nil {
		return commit{}, fmt.Errorf("read the time of the commit: %w", err)
	}
	if changes != "" {
		version += "-dirty"
	}
	return commit{version, time.Unix(seconds, 0).UTC(), changes}, checkVersion(version)
}

// clean refuses a tree that nobody else can get.
func (c commit) clean() error {
	if c.changes == "" {
		return nil
	}
	return fmt.Errorf("%s is no release: the tree has changes that are in no commit, so nobody could build it again. Commit, stash or remove them:\n%s", c.version, c.changes)
}

// checkVersion keeps what would be more than one word out of the linker's flags, and folders out of files' names.
func checkVersion(version string) error {
	if !regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+_-]*$`).MatchString(version) {
		return fmt.Errorf("%q cannot be a version: use letters, digits and .+_- only, such as v1.2.3", version)
	}
	return nil
}
