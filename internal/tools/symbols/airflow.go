package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// answer is what walk.py's ask writes.
type answer struct {
	Version    string            `json:"version"`
	Packages   []string          `json:"packages"`
	Providers  []string          `json:"providers"`
	Modules    map[string]module `json:"modules"`
	Signatures [][]string        `json:"signatures"`
}

type module struct {
	Unknown  string         `json:"unknown"` // why it could not be imported
	Names    []string       `json:"names"`
	Doubtful []string       `json:"doubtful"` // it has them, but they want something else
	Dynamic  bool           `json:"dynamic"`  // it gives whatever it is asked for
	Homes    []string       `json:"homes"`    // the classes that are defined there
	Calls    map[string]int `json:"calls"`    // the place in Signatures of a callable's arguments
}

// versions reads versions.txt, oldest first as it stands there.
func (p program) versions() (versions []string, err error) {
	text, err := os.ReadFile(filepath.Join(p.here, "versions.txt"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] != "#" {
			versions = append(versions, fields[0])
		}
	}
	return versions, nil
}

func (p program) venv(name string) string { return filepath.Join(p.cache, "venv", name) }

func (p program) install(ctx context.Context, versions []string) error {
	for _, v := range versions {
		if err := command(ctx, filepath.Join("scripts", "install-airflow"), v, p.venv("airflow-plain-"+v)); err != nil {
			return fmt.Errorf("install Airflow %s: %w", v, err)
		}
	}
	return nil
}

// walk asks each version which names there may be, and gives the file of all together.
func (p program) walk(ctx context.Context, versions []string, work string) (string, error) {
	union := map[string]map[string]bool{}
	for _, v := range versions {
		var names map[string][]string
		if err := p.python(ctx, v, &names, filepath.Join(work, "walk-"+v), "walk"); err != nil {
			return "", err
		}
		for m, list := range names {
			if union[m] == nil {
				union[m] = map[string]bool{}
			}
			for _, n := range list {
				union[m][n] = true
			}
		}
	}
	sorted := map[string][]string{}
	for m, names := range union {
		sorted[m] = slices.AppendSeq([]string{}, maps.Keys(names)) // an empty list, and not null
		slices.Sort(sorted[m])
	}
	text, err := json.Marshal(sorted)
	if err != nil {
		return "", err
	}
	file := filepath.Join(work, "candidates")
	return file, os.WriteFile(file, text, 0o600)
}

func (p program) ask(ctx context.Context, versions []string, candidates, work string) ([]answer, error) {
	answers := make([]answer, len(versions))
	for i, v := range versions {
		if err := p.python(ctx, v, &answers[i], filepath.Join(work, "ask-"+v), "ask", candidates); err != nil {
			return nil, err
		}
		if answers[i].Version != v {
			return nil, fmt.Errorf("ask Airflow %s: it is %s", v, answers[i].Version)
		}
		fmt.Printf("Airflow %s: %d modules\n", v, len(answers[i].Modules))
	}
	return answers, nil
}

// python runs walk.py in a version's environment, and reads what it writes.
func (p program) python(ctx context.Context, version string, into any, out string, args ...string) error {
	python := filepath.Join(p.venv("airflow-plain-"+version), "bin", "python")
	args = append(append([]string{filepath.Join(p.here, "walk.py")}, args...), out)
	if err := command(ctx, python, args...); err != nil {
		return fmt.Errorf("%s Airflow %s: %w", args[1], version, err)
	}
	text, err := os.ReadFile(out) //nolint:gosec // it was just written
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// command runs a program, whose output is shown only if it fails.
func command(ctx context.Context, name string, args ...string) error {
	output, err := exec.CommandContext(ctx, name, args...).CombinedOutput() //nolint:gosec // our own programs
	if err != nil {
		return fmt.Errorf("run %s: %w\n%s", name, err, output[max(len(output)-4000, 0):])
	}
	return nil
}
