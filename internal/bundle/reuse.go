package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// ErrDamaged means that a cache does not hold what it says. It is to be dropped, and the bundle gathered without it.
var ErrDamaged = errors.New("the last bundle's cache is damaged")

// reuse is what a spool has of a cache.
type reuse struct {
	cache *Cache
	// kept is for each file of the spool its number in the cache, or -1.
	kept []int
	// groups are for each group of the cache what writes those of its files that the spool has into the spool, once.
	groups []func() error
}

// Reuse takes from the cache the files that are, by their objects' identity, what the last bundle had. What the cache
// holds is read and compared with its hash when it is asked for, and not before.
func (s *Spool) Reuse(c *Cache) {
	s.reused = &reuse{cache: c, kept: make([]int, len(s.files)), groups: make([]func() error, len(c.index.Groups))}
	users := make([][]int, len(c.index.Groups))
	for i, f := range s.files {
		k, known := c.find(f)
		if s.reused.kept[i] = k; !known {
			continue
		}
		s.sums[i] = hex.EncodeToString(c.index.Files[k].SHA256[:])
		g := c.groupOf(k)
		users[g] = append(users[g], i)
	}
	for g := range s.reused.groups {
		s.reused.groups[g] = sync.OnceValue(func() error { return s.unpack(g, users[g]) })
	}
}

// unpack makes sure that file i is in the spool.
func (r *reuse) unpack(i int) error {
	if r == nil || r.kept[i] < 0 {
		return nil
	}
	return r.groups[r.cache.groupOf(r.kept[i])]()
}

// whole is the group of the cache that has these files and no others, at the same times and in the same layout: its
// bytes are the archive's.
func (r *reuse) whole(g group, files []File, layout Layout) ([]byte, bool) {
	if r == nil || r.kept[g.from] < 0 || r.cache.index.Layout != layout {
		return nil, false
	}
	first := r.kept[g.from]
	n := r.cache.groupOf(first)
	span := r.cache.index.Groups[n]
	if first != span.From || span.To-span.From != g.to-g.from {
		return nil, false
	}
	for i := g.from; i < g.to; i++ {
		k := r.kept[i]
		if k != first+i-g.from || r.cache.index.Files[k].Path != files[i].Path || r.cache.index.Files[k].ModTime != files[i].ModTime.Unix() {
			return nil, false
		}
	}
	return r.cache.compressed(n), true
}

// unpack writes files of a group of the cache into the spool.
func (s *Spool) unpack(g int, files []int) error {
	c := s.reused.cache
	z, err := gzip.NewReader(bytes.NewReader(c.compressed(g)))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	members := tar.NewReader(z)
	for k := c.index.Groups[g].From; k < c.index.Groups[g].To; k++ {
		if _, err := members.Next(); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		wanted := slices.DeleteFunc(slices.Clone(files), func(i int) bool { return s.reused.kept[i] != k })
		if len(wanted) == 0 {
			continue
		}
		data, err := io.ReadAll(members)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if sha256.Sum256(data) != c.index.Files[k].SHA256 {
			return fmt.Errorf("%w: %s has other contents", ErrDamaged, c.index.Files[k].Path)
		}
		for _, i := range wanted {
			if _, err := s.file.WriteAt(data, s.offsets[i]); err != nil {
				return fmt.Errorf("spool %s: %w", s.files[i].Path, err)
			}
		}
	}
	return nil
}
