package dir

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

// Open reads the version that was listed. It looks at the file's version before the first byte and after the last:
// what is written between the two is found out.
func (b *Bucket) Open(ctx context.Context, listed bucket.Object) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, b.explain("read", listed.Key, err)
	}
	root, err := os.OpenRoot(b.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, b.changed(listed.Key)
	}
	if err != nil {
		return nil, b.explain("read", listed.Key, err)
	}
	defer root.Close() //nolint:errcheck // an opened file stays open
	file, err := root.Open(listed.Key)
	if err != nil {
		if link := b.refuseLink(root, listed.Key); link != nil {
			return nil, link
		}
		if isMissing(err) {
			return nil, b.changed(listed.Key)
		}
		return nil, b.explain("read", listed.Key, err)
	}
	r := &pinned{ctx: ctx, file: file, bucket: b, listed: listed}
	if err := r.check(); err != nil {
		return nil, errors.Join(cmp.Or(b.refuseLink(root, listed.Key), err), file.Close())
	}
	return r, nil
}

// refuseLink names a link that leads out of the directory, to a folder or to nothing.
func (b *Bucket) refuseLink(root *os.Root, key string) error {
	if info, err := root.Lstat(key); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return nil //nolint:nilerr // what is wrong with it, opening it will tell
	}
	if target, err := root.Stat(key); err == nil && target.Mode().IsRegular() {
		return nil
	}
	return fault.Errorf(fault.Rejected,
		"read %s: it is a symbolic link, and not a relative one to a file in this directory: put the file itself there", b.URL(key))
}

// isMissing: no such file, or a file where a folder has to be.
func isMissing(err error) bool {
	return err != nil && (errors.Is(err, fs.ErrNotExist) || isNotDirectory(err))
}

func (b *Bucket) changed(key string) error {
	return fault.Errorf(fault.Transient, "read %s: %w", b.URL(key), bucket.ErrChanged)
}

// pinned reads one version of a file.
type pinned struct {
	ctx    context.Context // a reader has no other way to get it
	file   *os.File
	bucket *Bucket
	listed bucket.Object
	read   int64
}

func (r *pinned) check() error {
	info, err := r.file.Stat()
	if err != nil {
		return r.bucket.explain("read", r.listed.Key, err)
	}
	if info.IsDir() || etag(info) != r.listed.ETag || info.Size() != r.listed.Size {
		return r.bucket.changed(r.listed.Key)
	}
	return nil
}

func (r *pinned) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, r.bucket.explain("read", r.listed.Key, err)
	}
	n, err := r.file.Read(p)
	r.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, r.bucket.explain("read", r.listed.Key, err)
	}
	// Checked before the last bytes are given away and not only at the end, which one who counts bytes never reads up to.
	if r.read >= r.listed.Size || err != nil {
		if r.read != r.listed.Size {
			return 0, r.bucket.changed(r.listed.Key)
		}
		if changed := r.check(); changed != nil {
			return 0, changed
		}
	}
	return n, err
}

func (r *pinned) Close() error { return r.file.Close() }

// Get reads a small file. Its version is the hash of its contents: a state that is written twice within a tick of the
// clock still has two. The Value has the time even when there is no file.
func (b *Bucket) Get(ctx context.Context, key string) (bucket.Value, error) {
	began := b.now()
	if err := ctx.Err(); err != nil {
		return bucket.Value{}, b.explain("read", key, err)
	}
	data, err := b.contents(key)
	at := b.stamp(began)
	if isMissing(err) {
		return bucket.Value{At: at}, fmt.Errorf("read %s: %w", b.URL(key), bucket.ErrNotExist)
	}
	if err != nil {
		return bucket.Value{}, b.explain("read", key, err)
	}
	return bucket.Value{Data: data, Version: version(data), At: at}, nil
}

func (b *Bucket) contents(key string) ([]byte, error) {
	root, err := os.OpenRoot(b.root)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read from
	return root.ReadFile(key)
}

func version(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
