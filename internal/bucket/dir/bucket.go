// Package dir is a local directory as dagferry's other buckets are: listed, read in the version that was listed, its
// state written by compare-and-swap. It exists so that one program serves a laptop, a checkout in CI and a mounted
// share, and so that most tests need no server.
//
// A file's version is its size, its time of modification and its inode, since reading every file to list it would cost
// what a sync tries to save. What that cannot see: an edit in place that keeps the size and falls into the same tick of
// the file system's clock as the one before. Whoever replaces files by renaming is always seen.
//
// A symbolic link to a file is listed as that file when its target is relative and stays within the directory. Any
// other link is listed as itself, so that ignore rules can leave it out (.venv/ is full of them), and opening it is an
// error that names it. Sockets, pipes and devices are not listed, and neither are the lock and the unfinished files of
// Swap and Put.
package dir

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

// Options may stay zero.
type Options struct {
	// Now is the clock, the store's as well as the asker's; time.Now when nil.
	Now func() time.Time
}

// Bucket is a directory. It implements bucket.Bucket, and may be used by many goroutines and processes.
type Bucket struct {
	root string
	now  func() time.Time
}

var _ bucket.Bucket = (*Bucket)(nil)

// Open makes a Bucket of a directory's path, with or without file:// in front. The directory need not exist: it is
// then empty, and made by the first write.
func Open(path string, o Options) (*Bucket, error) {
	path = strings.TrimPrefix(path, "file://")
	if path == "" {
		return nil, fault.Errorf(fault.Denied, "open a directory: the path is empty")
	}
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.As(fault.Denied, fmt.Errorf("open the directory %s: %w", path, err))
	}
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		return nil, fault.Errorf(fault.Denied, "open the directory %s: it is a file", root)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Bucket{root, o.Now}, nil
}

// URL is file:// and the file's absolute path.
func (b *Bucket) URL(key string) string {
	return "file://" + filepath.ToSlash(b.root) + "/" + key
}

// stamp is the local clock's time, in whole seconds as if an HTTP answer had told it, so that leases are counted with
// the same caution everywhere.
func (b *Bucket) stamp(began time.Time) bucket.Stamp {
	now := b.now()
	return bucket.Stamp{Date: now.UTC().Truncate(time.Second), Began: began, Arrived: now}
}

// explain says to which file an error happened. What permissions refuse is the operator's to change; all else that a
// file system answers (a full disk, a lost share) is broken until somebody looks.
func (b *Bucket) explain(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s %s: %w", verb, b.URL(key), err)
	if os.IsPermission(err) {
		return fault.As(fault.Denied, wrapped)
	}
	return wrapped
}
