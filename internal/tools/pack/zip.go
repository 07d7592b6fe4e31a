package main

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// entry is a file of the package.
type entry struct {
	name string
	data []byte
	mode fs.FileMode
}

// writeZip writes the files sorted, all of the same age: the oldest that a zip can tell.
func writeZip(out io.Writer, files []entry) error {
	slices.SortFunc(files, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	w := zip.NewWriter(out)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(f.mode)
		member, err := w.CreateHeader(header)
		if err == nil {
			_, err = member.Write(f.data)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", f.name, err)
		}
	}
	return w.Close()
}
