package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sumsFile is the list of the files beside it, as sha256sum -c reads it.
const sumsFile = "SHA256SUMS"

// folder is where the files go, with the checksums of those written so far.
type folder struct {
	path  string
	lines []string
}

// add writes a file.
func (f *folder) add(name string, data []byte) error {
	f.lines = append(f.lines, fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name))
	return f.write(name, data)
}

// finish writes the list of what was added, sorted by name.
func (f *folder) finish() error {
	slices.SortFunc(f.lines, func(a, b string) int { return strings.Compare(a[2*sha256.Size:], b[2*sha256.Size:]) })
	return f.write(sumsFile, []byte(strings.Join(f.lines, "")))
}

func (f *folder) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(f.path, name), data, 0o644) //nolint:gosec // build output, for everybody
}

// only refuses a folder with other files: who publishes the folder would publish them too.
func (f *folder) only(names []string) error {
	found, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, file := range found {
		if !slices.Contains(names, file.Name()) {
			return fmt.Errorf("%s is not of this release, and would be published with it: remove it (make clean)", filepath.Join(f.path, file.Name()))
		}
	}
	return nil
}
