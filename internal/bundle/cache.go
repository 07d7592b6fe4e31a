package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Cache is the last bundle, kept so that the next one reads what changed since, and compresses no more than that: its
// archive, and an index of what is where. A file is in it if its object is the same by all that a listing tells of it
// (File.From, File.Version, File.Size); that is what the listing key goes by, too. A Cache is not changed once made, and
// may be used by many goroutines.
type Cache struct {
	index  index
	digest string
	data   []byte // as Encode gave it
	body   []byte // the part that is the archive
	byFrom map[string]int
}

// index says what a cache holds. It is encoded by package gob, which lets fields come and go.
type index struct {
	Layout Layout
	Files  []kept
	Groups []packed
	// Verdicts are what the checks want to find again.
	Verdicts []byte
}

// kept is a file of the cache. From and Version are its object's.
type kept struct {
	Path, From, Version string
	Size, ModTime       int64 // in bytes; in seconds
	SHA256              [sha256.Size]byte
}

// packed is a group: its files, and its bytes in the archive.
type packed struct {
	From, To   int
	Begin, End int64
}

// magic begins a cache, with its format's version.
const magic = "dagferry cache 1\n"

// Cache keeps what was gathered and packed: the archive is the spool's own, in the same layout.
func (s *Spool) Cache(a *Archive, layout Layout, verdicts []byte) ([]byte, error) {
	x := index{Layout: layout, Files: make([]kept, len(s.files)), Groups: a.groups, Verdicts: verdicts}
	for i, f := range s.files {
		x.Files[i] = kept{Path: f.Path, From: f.From, Version: f.Version, Size: f.Size, ModTime: f.ModTime.Unix()}
		if _, err := hex.Decode(x.Files[i].SHA256[:], []byte(s.sums[i])); err != nil || s.sums[i] == "" {
			return nil, fmt.Errorf("keep the bundle: %s was not gathered", f.Path)
		}
	}
	var encoded bytes.Buffer
	if err := gob.NewEncoder(&encoded).Encode(x); err != nil {
		return nil, fmt.Errorf("keep the bundle: %w", err)
	}
	head := len(magic) + sha256.Size + 8
	out := make([]byte, head+encoded.Len()+int(a.grouped))
	copy(out, magic)
	binary.BigEndian.PutUint64(out[head-8:], uint64(encoded.Len())) //nolint:gosec // a length
	copy(out[head:], encoded.Bytes())
	if _, err := io.ReadFull(io.NewSectionReader(a, 0, a.grouped), out[head+encoded.Len():]); err != nil {
		return nil, fmt.Errorf("keep the bundle: %w", err)
	}
	sum := sha256.Sum256(out[head-8:])
	copy(out[len(magic):], sum[:])
	return out, nil
}

// DecodeCache reads what Cache made, and keeps data. Whatever is wrong with it is ErrDamaged.
func DecodeCache(data []byte) (*Cache, error) {
	head := len(magic) + sha256.Size + 8
	if len(data) < head || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: it is none of this version", ErrDamaged)
	}
	if sum := sha256.Sum256(data[head-8:]); !bytes.Equal(sum[:], data[len(magic):head-8]) {
		return nil, fmt.Errorf("%w: its hash is another", ErrDamaged)
	}
	length := int64(binary.BigEndian.Uint64(data[head-8 : head])) //nolint:gosec // looked at next
	if length < 0 || length > int64(len(data)-head) {
		return nil, fmt.Errorf("%w: it ends early", ErrDamaged)
	}
	encoded, body := data[head:int64(head)+length], data[int64(head)+length:]
	c := &Cache{data: data, body: body}
	if err := gob.NewDecoder(bytes.NewReader(encoded)).Decode(&c.index); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c.byFrom = make(map[string]int, len(c.index.Files))
	for i, f := range c.index.Files {
		c.byFrom[f.From] = i
	}
	c.digest = c.Manifest().Digest()
	return c, nil
}

// check finds groups that do not follow each other without a gap.
func (c *Cache) check() error {
	files, end := 0, int64(0)
	for _, g := range c.index.Groups {
		if g.From != files || g.To <= g.From || g.Begin != end || g.End <= g.Begin {
			return errors.New("its groups are not in order")
		}
		files, end = g.To, g.End
	}
	if files != len(c.index.Files) || end != int64(len(c.body)) {
		return errors.New("its groups are not all there")
	}
	return nil
}

// Manifest is that of the bundle.
func (c *Cache) Manifest() Manifest {
	entries := make([]Entry, len(c.index.Files))
	for i, f := range c.index.Files {
		entries[i] = Entry{f.Path, f.Size, hex.EncodeToString(f.SHA256[:]), time.Unix(f.ModTime, 0).UTC()}
	}
	return NewManifest(c.index.Layout, entries)
}

// Digest is the manifest's.
func (c *Cache) Digest() string { return c.digest }

// Verdicts are what the checks wanted to find again.
func (c *Cache) Verdicts() []byte { return c.index.Verdicts }

// Size is what the cache takes, in bytes, its index's maps apart.
func (c *Cache) Size() int { return len(c.data) }

// find is the number of the file that is f's object; -1 if there is none.
func (c *Cache) find(f File) (int, bool) {
	k, known := c.byFrom[f.From]
	if !known || f.Version == "" || c.index.Files[k].Version != f.Version || c.index.Files[k].Size != f.Size {
		return -1, false
	}
	return k, true
}

// groupOf is the group of file k.
func (c *Cache) groupOf(k int) int {
	g, _ := slices.BinarySearchFunc(c.index.Groups, k, func(g packed, k int) int { return g.To - 1 - k })
	return g
}

// compressed are the bytes of a group.
func (c *Cache) compressed(g int) []byte {
	return c.body[c.index.Groups[g].Begin:c.index.Groups[g].End]
}
