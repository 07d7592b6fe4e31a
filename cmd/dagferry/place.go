package main

import (
	"fmt"
	"path/filepath"

	"github.com/dagferry/dagferry/internal/parse"
)

// below puts a folder before the paths of what was found in it, as compilers name files: a terminal and an editor can open them
// from where the command was run.
func below(dir string, found parse.Report) parse.Report {
	findings := make([]parse.Finding, 0, len(found.Findings))
	for _, f := range found.Findings {
		f.Path = place(dir, f.Path)
		findings = append(findings, f)
	}
	checked := make([]string, 0, len(found.Checked))
	for _, path := range found.Checked {
		checked = append(checked, place(dir, path))
	}
	return parse.Report{Files: found.Files, Checked: checked, Findings: findings}
}

// place does not clean the path: it may be a name in a zip.
func place(dir, path string) string {
	switch dir = filepath.Clean(dir); {
	case dir == ".":
		return path
	case path == ".":
		return dir
	case dir == "/":
		return dir + path
	}
	return dir + "/" + path
}

// inRepository names a folder from the repository's root, or from the working directory where that is not known. What is outside of
// it is named from the file system's root, so that it is not taken for something else.
func inRepository(dir, repository string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", dir, err)
	}
	root, err := filepath.Abs(repository) // "" is the working directory
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	if relative, err := filepath.Rel(root, absolute); err == nil && filepath.IsLocal(relative) {
		return relative, nil
	}
	return absolute, nil
}
