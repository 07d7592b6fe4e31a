package parse

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// maxArchive bounds a zip: one whose fs.File cannot be read at an offset has to be read into memory.
const maxArchive = 64 << 20

// maxEntries bounds the directory of a zip, which is in memory as a whole.
const maxEntries = 20_000

// maxModules bounds how many modules of a zip are checked; Airflow imports each of them.
const maxModules = 1000

// checkArchive checks the modules of a zip. Airflow imports those at its root as DAG files, if they pass safe mode; it
// knows nothing of those deeper inside until one of them is imported.
func (c *Checker) checkArchive(ctx context.Context, b *budget, tree fs.FS, f file) ([]*module, error) {
	in, err := tree.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.path, err)
	}
	defer in.Close() //nolint:errcheck // it was only read
	archive, source, err := openArchive(in)
	switch {
	case err == nil:
	case source == nil || source.err != nil:
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	case errors.Is(err, errTooLarge), errors.Is(err, errTooMany):
		m := c.archiveItself(f, err.Error()+", and so is not checked")
		if m.fixed = !f.archive; m.fixed {
			m.spared = "by its name it is no zip"
		}
		return []*module{m}, nil
	default:
		f.spared = "Airflow may skip it"
		m := c.archiveItself(f, "it cannot be read: "+err.Error())
		m.fixed = true
		return []*module{m}, nil
	}
	return c.checkMembers(ctx, b, f, archive, source)
}

// archiveItself stands for a zip as a whole.
func (c *Checker) archiveItself(f file, message string) *module {
	return &module{file: f, verdict: verdict{facts: []fact{{Rule: RuleArchive, Message: message}}}, unread: c.target.unread(f, isZip)}
}

// checkMembers checks the modules at the root first, for which the bound is meant.
func (c *Checker) checkMembers(ctx context.Context, b *budget, f file, archive *zip.Reader, source *source) ([]*module, error) {
	var all []*module
	for _, nested := range []bool{false, true} {
		for _, member := range archive.File {
			if path.Ext(member.Name) != ".py" || strings.Contains(member.Name, `\`) || strings.Contains(member.Name, "/") != nested {
				continue
			}
			if len(all) >= maxModules {
				message := fmt.Sprintf("it has more than %d modules: the others are not checked", maxModules)
				more := c.archiveItself(f, message)
				if nested {
					more.spared, more.fixed = "they are not at its root", true
				}
				return append(all, more), nil
			}
			m, err := c.checkMember(ctx, b, f, member, source)
			if err != nil {
				return nil, err
			}
			m.nested = nested
			all = append(all, m)
		}
	}
	return all, nil
}

func (c *Checker) checkMember(ctx context.Context, b *budget, f file, member *zip.File, source *source) (*module, error) {
	m := &module{file: f, zip: f.path, name: member.Name}
	m.path += "/" + printable(member.Name)
	var err error
	if m.passed = b.over(); m.passed {
		m.verdict = passed()
	} else {
		m.verdict, err = c.memberVerdict(ctx, b, m.file, member, source)
	}
	m.unread = c.target.unread(f, isZip)
	switch {
	case m.unread != "":
	case strings.Contains(m.name, "/"):
		m.unread = "it is not at the root of its zip"
	default:
		m.unread = c.target.skips(m.look &^ isZip)
	}
	return m, err
}

func (c *Checker) memberVerdict(ctx context.Context, b *budget, f file, member *zip.File, source *source) (verdict, error) {
	data, err := c.readMember(member)
	switch {
	case err == nil:
		return c.checkData(ctx, b, f, data)
	case source.err != nil:
		return verdict{}, fmt.Errorf("read %s: %w", f.path, source.err)
	case ctx.Err() != nil:
		return verdict{}, ctx.Err()
	default:
		broken := fact{Rule: RuleArchive, Message: "it cannot be unpacked: " + err.Error()}
		return verdict{facts: []fact{broken}, look: readAnyway}, nil
	}
}

func (c *Checker) readMember(member *zip.File) ([]byte, error) {
	in, err := member.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // it was only read
	return c.read(in)
}

var (
	errTooLarge = fmt.Errorf("it is larger than %s", size(maxArchive))
	errTooMany  = fmt.Errorf("it has more than %d entries", maxEntries)
)

// source is the bytes of a zip. It remembers what failed below it: that is the tree's fault, not the zip's.
type source struct {
	io.ReaderAt
	length int64
	err    error
}

func (s *source) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset >= s.length {
		return 0, io.EOF // the zip has a wrong offset
	}
	n, err := s.ReaderAt.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// openArchive reads a zip's directory. Without a source, the error is the tree's.
func openArchive(in fs.File) (*zip.Reader, *source, error) {
	info, err := in.Stat()
	if err != nil {
		return nil, nil, err
	}
	length := info.Size()
	at, ok := in.(io.ReaderAt)
	if !ok && length <= maxArchive {
		data, err := io.ReadAll(io.LimitReader(in, maxArchive+1))
		if err != nil {
			return nil, nil, err
		}
		at, length = bytes.NewReader(data), int64(len(data))
	}
	s := &source{ReaderAt: at, length: length}
	if length > maxArchive {
		return nil, s, errTooLarge
	}
	if err := countEntries(s); err != nil {
		return nil, s, err
	}
	archive, err := zip.NewReader(s, length)
	if err == nil && len(archive.File) > maxEntries {
		err = errTooMany
	}
	return archive, s, err
}

// countEntries asks the record at the end, so that a large directory is refused before it is in memory. That record
// may lie; so when what is before it has room for too many entries, their signatures are counted.
func countEntries(s *source) error {
	const record, comment, entry = 22, 1<<16 - 1, 46
	tail := make([]byte, min(s.length, record+comment))
	if n, err := s.ReadAt(tail, s.length-int64(len(tail))); n < len(tail) {
		return err
	}
	at := bytes.LastIndex(tail[:max(len(tail)-record+4, 0)], []byte("PK\x05\x06"))
	if at < 0 {
		return nil // zip.NewReader will say so
	}
	end := s.length - int64(len(tail)-at)
	length, offset := binary.LittleEndian.Uint32(tail[at+12:]), binary.LittleEndian.Uint32(tail[at+16:])
	start := max(min(int64(offset), end-int64(length)), 0)
	if length == 1<<16-1 || length == 1<<32-1 || offset == 1<<32-1 {
		start = 0 // zip64 has it elsewhere
	}
	if binary.LittleEndian.Uint16(tail[at+10:]) > maxEntries {
		return errTooMany
	}
	if end-start <= maxEntries*entry {
		return nil
	}
	directory, err := io.ReadAll(io.NewSectionReader(s, start, end-start))
	if err != nil {
		return err
	}
	if bytes.Count(directory, []byte("PK\x01\x02")) > maxEntries {
		return errTooMany
	}
	return nil
}
