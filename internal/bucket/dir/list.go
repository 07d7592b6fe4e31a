package dir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/dagferry/dagferry/internal/bucket"
)

// hidden begins the names of the lock and of unfinished files.
const hidden = ".dagferry-"

// List returns every regular file below the directory, and none when there is no directory.
func (b *Bucket) List(ctx context.Context) (bucket.Listing, error) {
	began := b.now()
	root, err := os.OpenRoot(b.root)
	if errors.Is(err, fs.ErrNotExist) {
		return bucket.NewListing(nil, b.stamp(began)), nil
	}
	if err != nil {
		return bucket.Listing{}, b.explain("list", "", err)
	}
	defer root.Close() //nolint:errcheck // only read from

	var objects []bucket.Object
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist) && name != ".": // removed since its folder was read
			return nil
		case err != nil:
			return err
		}
		o, ok, err := object(root, name, entry)
		if ok {
			objects = append(objects, o)
		}
		return err
	})
	if err != nil {
		return bucket.Listing{}, b.explain("list", "", err)
	}
	return bucket.NewListing(objects, b.stamp(began)), nil
}

// object is false for what is not listed.
func object(root *os.Root, name string, entry fs.DirEntry) (bucket.Object, bool, error) {
	link := entry.Type()&fs.ModeSymlink != 0
	if strings.HasPrefix(path.Base(name), hidden) || !entry.Type().IsRegular() && !link {
		return bucket.Object{}, false, nil
	}
	info, err := entry.Info()
	if link && err == nil {
		if target, err := root.Stat(name); err == nil && target.Mode().IsRegular() {
			info = target
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return bucket.Object{}, false, nil
	}
	if err != nil {
		return bucket.Object{}, false, err
	}
	return bucket.Object{Key: name, Size: info.Size(), ETag: etag(info), LastModified: info.ModTime().UTC()}, true, nil
}
