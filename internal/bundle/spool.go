package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/dagferry/dagferry/internal/fault"
)

// Spool holds the contents of a bundle in one temporary file while it is gathered and checked. Sizes are known from
// the listing, so every file has its place before anything is read: writers stream side by side, in any order, and
// nothing is kept in memory. Contents that the last bundle had already stay in its Cache until somebody asks for them.
type Spool struct {
	file    *os.File
	files   []File
	offsets []int64
	sums    []string
	reused  *reuse // nil without a cache
}

// NewSpool makes room for files in a temporary file in dir ("" is the system's). The file has no name any more where
// the system allows that, so that a killed process leaves nothing behind.
func NewSpool(dir string, files []File) (*Spool, error) {
	file, err := unnamed(dir)
	if err != nil {
		return nil, err
	}
	s := &Spool{file: file, files: files, offsets: make([]int64, len(files)), sums: make([]string, len(files))}
	var end int64
	for i, f := range files {
		s.offsets[i] = end
		end += f.Size
	}
	return s, nil
}

// unnamed is a temporary file that is already removed.
func unnamed(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "dagferry-*")
	if err != nil {
		return nil, fmt.Errorf("make temporary space: %w", err)
	}
	_ = os.Remove(file.Name()) // fails where open files keep their names; Close tries again
	return file, nil
}

// Missing are the files that were not written, nor taken from a cache, yet.
func (s *Spool) Missing() []int {
	var missing []int
	for i, sum := range s.sums {
		if sum == "" {
			missing = append(missing, i)
		}
	}
	return missing
}

// Write takes the contents of file i from r. It fails if they are not as long as the listing said; then the file may
// be written again. Calls for different files may run side by side.
func (s *Spool) Write(i int, r io.Reader) error {
	f, h := s.files[i], sha256.New()
	w := io.MultiWriter(io.NewOffsetWriter(s.file, s.offsets[i]), h)
	n, err := io.Copy(w, io.LimitReader(r, f.Size))
	if err != nil {
		return fmt.Errorf("read %s: %w", f.From, err)
	}
	if n < f.Size {
		return fault.Errorf(fault.Transient, "read %s: it ended after %d of %d bytes", f.From, n, f.Size)
	}
	if more, _ := io.CopyN(io.Discard, r, 1); more > 0 {
		return fault.Errorf(fault.Transient, "read %s: it is longer than the %d bytes that were listed", f.From, f.Size)
	}
	s.sums[i] = hex.EncodeToString(h.Sum(nil))
	return nil
}

// Manifest is what was gathered. It fails if a file was not written yet.
func (s *Spool) Manifest(layout Layout) (Manifest, error) {
	entries := make([]Entry, len(s.files))
	for i, f := range s.files {
		if s.sums[i] == "" {
			return Manifest{}, fmt.Errorf("make the manifest: %s was not gathered", f.Path)
		}
		entries[i] = Entry{f.Path, f.Size, s.sums[i], f.ModTime.UTC()}
	}
	return NewManifest(layout, entries), nil
}

// contents is file i. It fails with ErrDamaged when the cache does not hold what it says.
func (s *Spool) contents(i int) (*io.SectionReader, error) {
	if err := s.reused.unpack(i); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.files[i].Path, err)
	}
	return io.NewSectionReader(s.file, s.offsets[i], s.files[i].Size), nil
}

// Close frees the space.
func (s *Spool) Close() error {
	err := s.file.Close()
	_ = os.Remove(s.file.Name()) // where it could not be removed while open
	return err
}
