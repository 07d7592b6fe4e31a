package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// writeIndex writes a version's file; package symbols says what is in it. The same answers give the same bytes.
func (p program) writeIndex(a answer) error {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(indexText(a))); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	minor := a.Version[:strings.LastIndexByte(a.Version, '.')]
	return os.WriteFile(filepath.Join(p.out, minor+".gz"), packed.Bytes(), 0o644) //nolint:gosec // for all to read
}

func indexText(a answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, "airflow", a.Version)
	fmt.Fprintln(&b, "packages", strings.Join(a.Packages, " "))
	fmt.Fprintln(&b, "providers", strings.Join(a.Providers, " "))
	for _, arguments := range a.Signatures {
		fmt.Fprintln(&b, "arguments", strings.Join(arguments, " "))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Modules)) {
		fmt.Fprintln(&b, strings.Join(append([]string{"module", name}, a.Modules[name].entries()...), " "))
	}
	return b.String()
}

// entries are what a module's line has after its name.
func (m module) entries() (entries []string) {
	if m.Unknown != "" {
		return []string{"?"}
	}
	for _, n := range m.Names {
		if number, ok := m.Calls[n]; ok {
			n = fmt.Sprintf("%s=%d", n, number)
		}
		entries = append(entries, n)
	}
	for n, number := range m.Calls {
		if strings.Contains(n, ".") {
			entries = append(entries, fmt.Sprintf("%s=%d", n, number))
		}
	}
	for _, n := range m.Doubtful {
		entries = append(entries, "?"+n)
	}
	slices.Sort(entries)
	if m.Dynamic {
		entries = append([]string{"*"}, entries...)
	}
	return entries
}
