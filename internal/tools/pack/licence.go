package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// licencesFile holds what the licences of the modules in an executable ask to be passed on with it: their texts.
const licencesFile = "THIRD_PARTY_LICENSES"

// licenceNames are the files that hold them.
var licenceNames = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)`)

// licences are the licence files of modules, as they are in the module cache. A module without one is an error: nobody
// may pass it on.
func licences(ctx context.Context, modules []*debug.Module) ([]byte, error) {
	args := []string{"list", "-m", "-f", "{{.Path}} {{.Version}} {{.Dir}}"}
	for _, m := range modules {
		args = append(args, m.Path)
	}
	if len(modules) == 0 {
		return nil, nil
	}
	list, err := goOutput(ctx, args...)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(list, "\n")
	slices.Sort(lines)
	var all bytes.Buffer
	for _, line := range lines {
		module, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		version, dir, _ := strings.Cut(rest, " ")
		texts, err := licencesIn(dir)
		if err != nil {
			return nil, fmt.Errorf("find the licence of %s: %w", module, err)
		}
		fmt.Fprintf(&all, "%s %s\n%s\n%s\n", module, version, strings.Repeat("=", len(module)+1+len(version)), texts)
	}
	return all.Bytes(), nil
}

// licencesIn are the licence files of the module in the folder.
func licencesIn(dir string) ([]byte, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	for _, f := range files {
		if f.IsDir() || !licenceNames.MatchString(f.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name())) //nolint:gosec // the module cache
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&all, "--- %s\n%s\n", f.Name(), bytes.TrimSpace(text))
	}
	if all.Len() == 0 {
		return nil, fmt.Errorf("there is none in %s", dir)
	}
	return all.Bytes(), nil
}
