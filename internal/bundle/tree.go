package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Tree is what was gathered as a read-only file system, for the checks. Its root is the DAG root.
func (s *Spool) Tree() fs.FS {
	t := &tree{spool: s, nodes: map[string]*node{".": {name: "."}}}
	for i, f := range s.files {
		t.add(f.Path, i)
	}
	return t
}

type tree struct {
	spool *Spool
	nodes map[string]*node
}

// node is a file, or a folder with its entries. It is its own FileInfo and DirEntry.
type node struct {
	name    string
	file    int // index into the spool, for a file
	size    int64
	time    time.Time
	isFile  bool
	entries []fs.DirEntry
}

func (t *tree) add(name string, i int) {
	f := t.spool.files[i]
	n := &node{name: path.Base(name), file: i, size: f.Size, time: f.ModTime, isFile: true}
	t.nodes[name] = n
	for child := n; ; {
		dir := path.Dir(name)
		folder, known := t.nodes[dir]
		if !known {
			folder = &node{name: path.Base(dir)}
			t.nodes[dir] = folder
		}
		folder.entries = append(folder.entries, child)
		if known {
			return
		}
		name, child = dir, folder
	}
}

// Open implements fs.FS.
func (t *tree) Open(name string) (fs.File, error) {
	n, known := t.nodes[name]
	if !known || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if !n.isFile {
		slices.SortFunc(n.entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		return &openFolder{node: n}, nil
	}
	contents, err := t.spool.contents(n.file)
	if err != nil {
		return nil, err
	}
	return &openFile{n, contents}, nil
}

// Sum implements parse.Summed: what is known of a file's contents by their hash needs no look at them.
func (t *tree) Sum(name string) (sum [sha256.Size]byte, known bool) {
	n := t.nodes[name]
	if n == nil || !n.isFile {
		return sum, false
	}
	length, err := hex.Decode(sum[:], []byte(t.spool.sums[n.file]))
	return sum, err == nil && length == len(sum)
}

func (n *node) Name() string               { return n.name }
func (n *node) Size() int64                { return n.size }
func (n *node) ModTime() time.Time         { return n.time }
func (n *node) IsDir() bool                { return !n.isFile }
func (n *node) Sys() any                   { return nil }
func (n *node) Type() fs.FileMode          { return n.Mode().Type() }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }

func (n *node) Mode() fs.FileMode {
	if n.isFile {
		return 0o444
	}
	return fs.ModeDir | 0o555
}

type openFile struct {
	*node
	*io.SectionReader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *openFile) Size() int64                { return f.size }
func (f *openFile) Close() error               { return nil }

type openFolder struct {
	*node
	next int
}

func (f *openFolder) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *openFolder) Close() error               { return nil }

// Read fails: a folder has no bytes.
func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: errors.New("is a folder")}
}

// ReadDir implements fs.ReadDirFile.
func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := f.entries[f.next:]
	if n > 0 && len(rest) == 0 {
		return nil, io.EOF
	}
	if n > 0 && n < len(rest) {
		rest = rest[:n]
	}
	f.next += len(rest)
	return slices.Clone(rest), nil
}
