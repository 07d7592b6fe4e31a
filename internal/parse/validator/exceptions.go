package validator

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// ExceptionsFile names, a line each, the files that the platform's own default parse test leaves out ("astro dev parse"). Its
// place is the root of a project; in a bundle of DAGs, the DAG root.
const ExceptionsFile = ".astro/dag_integrity_exceptions.txt"

// exceptions are those that a tree names.
func exceptions(tree fs.FS) ([]string, error) {
	text, err := fs.ReadFile(tree, ExceptionsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ExceptionsFile, err)
	}
	return Exceptions(string(text)), nil
}

// Exceptions reads the text of an ExceptionsFile. Its paths begin at the project's root, where the DAGs are in dags/; paths from
// the DAG root are taken, too. Text from # on is a comment.
func Exceptions(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name := path.Clean(line)
		all = append(all, name)
		if below, is := strings.CutPrefix(name, "dags/"); is {
			all = append(all, below)
		}
	}
	return all
}
