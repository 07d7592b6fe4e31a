package bundle

import (
	"archive/tar"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// gzipLevel is klauspost/compress's sweet spot for DAG files: 5,000 files of 3.9 KiB took it 176 ms, and the standard
// library's default level 363 ms, for about the same size.
const gzipLevel = 5

// Archive is a packed bundle in a temporary file.
type Archive struct {
	*os.File
	Size int64

	groups  []packed
	grouped int64 // where the groups end, and the tar's own end begins
}

// Pack writes what was gathered as a gzipped tar in the given layout, into a temporary file in dir. Its bytes depend
// on paths, contents and times only: members in byte order, no folders, no owners, one mode, whole seconds. The gzip has
// a member for each group of files, which is why most of what did not change is taken from the cache as it is.
func (s *Spool) Pack(dir string, layout Layout) (*Archive, error) {
	return newArchive(dir, func(a *Archive) error { return s.pack(a, layout) })
}

// Single is the archive with one gzip member only, for readers that take no more.
func (a *Archive) Single(dir string) (*Archive, error) {
	return newArchive(dir, func(single *Archive) error {
		from, err := gzip.NewReader(io.NewSectionReader(a, 0, a.Size))
		if err != nil {
			return err
		}
		to, err := gzip.NewWriterLevel(single, gzipLevel)
		if err != nil {
			return err
		}
		if _, err := io.Copy(to, from); err != nil {
			return err
		}
		return to.Close()
	})
}

func newArchive(dir string, write func(*Archive) error) (*Archive, error) {
	file, err := unnamed(dir)
	if err != nil {
		return nil, err
	}
	a := &Archive{File: file}
	if err = write(a); err == nil {
		a.Size, err = file.Seek(0, io.SeekCurrent)
	}
	if err != nil {
		_ = a.Close() // err says more
		return nil, fmt.Errorf("pack the bundle: %w", err)
	}
	return a, nil
}

// tarEnd is how a tar ends: two blocks of zeros.
const tarEnd = 1024

func (s *Spool) pack(a *Archive, layout Layout) error {
	z, err := gzip.NewWriterLevel(nil, gzipLevel)
	if err != nil {
		return err
	}
	p := packer{spool: s, layout: layout, gzip: z, buffer: make([]byte, 64<<10)}
	for _, g := range groups(s.files) {
		if compressed, whole := s.reused.whole(g, s.files, layout); whole {
			_, err = a.Write(compressed)
		} else {
			err = p.compress(a, g)
		}
		if err != nil {
			return err
		}
		begin := a.grouped
		if a.grouped, err = a.Seek(0, io.SeekCurrent); err != nil {
			return err
		}
		a.groups = append(a.groups, packed{g.from, g.to, begin, a.grouped})
	}
	z.Reset(a)
	if _, err := z.Write(make([]byte, tarEnd)); err != nil {
		return err
	}
	return z.Close()
}

// packer compresses groups, one after the other.
type packer struct {
	spool  *Spool
	layout Layout
	gzip   *gzip.Writer
	buffer []byte
}

func (p *packer) compress(w io.Writer, g group) error {
	p.gzip.Reset(w)
	t := tar.NewWriter(p.gzip)
	for i := g.from; i < g.to; i++ {
		f := p.spool.files[i]
		// Python takes a .pyc for current when size and time of its source match: under a constant time a same-size edit
		// would run the old code. A tar without extensions has whole seconds.
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: p.layout.Member(f.Path), Size: f.Size, Mode: 0o644,
			ModTime: f.ModTime.UTC().Truncate(1e9),
		}
		if err := t.WriteHeader(header); err != nil {
			return err
		}
		contents, err := p.spool.contents(i)
		if err != nil {
			return err
		}
		if _, err := io.CopyBuffer(t, contents, p.buffer); err != nil {
			return err
		}
	}
	if err := t.Flush(); err != nil { // not Close, which would end the tar
		return err
	}
	return p.gzip.Close()
}

// Close frees the space.
func (a *Archive) Close() error {
	err := a.File.Close()
	_ = os.Remove(a.Name()) // where it could not be removed while open
	return err
}
