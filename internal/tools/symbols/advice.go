package main

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// advice asks ruff's AIR rules what is to be used instead of each lost name and argument. What has no answer is left out.
func (p program) advice(ctx context.Context, answers []answer, work string) (map[string]string, error) {
	folder := filepath.Join(work, "ruff")
	asked, err := writeQuestions(folder, lost(answers))
	if err != nil {
		return nil, err
	}
	ruff := filepath.Join(p.venv("symbols"), "bin", "ruff")
	cmd := exec.CommandContext(ctx, ruff, "check", "--isolated", "--no-cache", "--preview", "--select", "AIR", "--output-format", "full", ".") //nolint:gosec // our own
	cmd.Dir = folder
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1 is that it found something
		return nil, fmt.Errorf("run ruff: %w", err)
	}
	found := map[string]string{}
	for place, texts := range helps(string(output)) {
		n, ok := asked[place]
		for _, text := range texts {
			if use := replacement(text); ok && use != "" && (n.argument == "" || token.IsIdentifier(use)) {
				found[n.key()] = use
			}
		}
	}
	return found, nil
}

// key is what the name is called in replacements.txt. An argument goes by the callable's bare name: it has several homes.
func (n name) key() string {
	if n.argument != "" {
		return n.name + "(" + n.argument + ")"
	}
	return n.module + "." + n.name
}

// place is a line of a file.
type place struct {
	file string
	line int
}

// writeQuestions writes a file for each module that uses its lost names, one a line, and says which is on which.
func writeQuestions(folder string, names []name) (map[place]name, error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	asked, texts := map[place]name{}, map[string]string{}
	for _, n := range names {
		if strings.Contains(n.name, ".") { // an argument of @task.virtualenv: ruff does not look there
			continue
		}
		file := n.module + ".py"
		texts[file] += "from " + n.module + " import " + n.name + "\n" + n.use() + "\n"
		asked[place{file, strings.Count(texts[file], "\n")}] = n
	}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(texts[file]), 0o600); err != nil {
			return nil, err
		}
	}
	return asked, nil
}

func (n name) use() string {
	if n.argument != "" {
		return n.name + "(" + n.argument + "=None)"
	}
	return n.name
}

var (
	where = regexp.MustCompile(`^ +--> (?:\./)?([^:]+):(\d+):\d+$`)
	help  = regexp.MustCompile(`^help: (.*)$`)
)

// helps are the lines "help: …" of ruff's output, by where they belong. A call has those of its name and of its argument.
func helps(output string) map[place][]string {
	found := map[place][]string{}
	var at place
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		if m := where.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[2]) // digits
			at = place{m[1], n}
		} else if m := help.FindStringSubmatch(line); m != nil {
			found[at] = append(found[at], m[1])
		}
	}
	return found
}

var (
	fromModule = regexp.MustCompile("[Uu]se `([^`]+)` from `([^`]+)` instead")
	moved      = regexp.MustCompile("^`([^`]+)` has been moved to `([^`]+)` since")
	useInstead = regexp.MustCompile("^Use `([^`]+)` instead")
)

// replacement takes what to use out of a help text, "" if it names nothing.
func replacement(help string) string {
	for _, form := range []*regexp.Regexp{fromModule, moved} {
		if m := form.FindStringSubmatch(help); m != nil {
			return m[2] + "." + m[1]
		}
	}
	if m := useInstead.FindStringSubmatch(help); m != nil {
		return m[1]
	}
	return ""
}
