package dir

import (
	"context"
	"fmt"
	"os"
	"path"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

// Swap writes under a lock of the file's folder, which lasts as long as the process that took it.
func (b *Bucket) Swap(ctx context.Context, key string, data []byte, expected string) (bucket.Value, error) {
	began := b.now()
	conflict := false
	err := b.locked(ctx, key, func(folder *os.Root, name string) error {
		current, err := folder.ReadFile(name)
		switch {
		case isMissing(err):
			conflict = expected != ""
		case err != nil:
			return unwritten(err)
		default:
			conflict = expected != version(current)
		}
		if conflict {
			return nil
		}
		return replace(folder, name, data)
	})
	if err != nil {
		return bucket.Value{}, b.explain("swap", key, err)
	}
	at := b.stamp(began)
	if conflict {
		return bucket.Value{At: at}, fault.Errorf(fault.Transient, "swap %s: %w", b.URL(key), bucket.ErrConflict)
	}
	return bucket.Value{Data: data, Version: version(data), At: at}, nil
}

// Put takes Swap's lock too: else it could write between a Swap's look and its write, and be lost.
func (b *Bucket) Put(ctx context.Context, key string, data []byte) error {
	err := b.locked(ctx, key, func(folder *os.Root, name string) error { return replace(folder, name, data) })
	return b.explain("write", key, err)
}

// locked does something with a file in its folder, which it makes, while no other process does.
func (b *Bucket) locked(ctx context.Context, key string, do func(folder *os.Root, name string) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	folder, err := b.folder(path.Dir(key))
	if err != nil {
		return unwritten(err)
	}
	defer folder.Close() //nolint:errcheck // nothing is written through it
	unlock, err := lock(ctx, folder)
	if err != nil {
		return unwritten(err)
	}
	defer unlock()
	return do(folder, path.Base(key))
}

// folder opens a folder of the directory, and makes both.
func (b *Bucket) folder(name string) (*os.Root, error) {
	if err := os.MkdirAll(b.root, 0o750); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(b.root)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing is written through it
	if err := root.MkdirAll(name, 0o750); err != nil {
		return nil, err
	}
	return root.OpenRoot(name)
}

// unwritten classifies what happened before the rename, so that the file is certainly the old one: what a system
// refuses until somebody makes room or gives leave is Denied.
func unwritten(err error) error {
	if needsOperator(err) {
		return fault.Errorf(fault.Denied, "make it writable, or free space: %w", err)
	}
	return err
}

// replace writes beside the file and renames, so that a reader sees the old contents or the new, also after a crash.
// Under the lock there is one unfinished file a folder at most, and a later write takes over what a crash left.
func replace(folder *os.Root, name string, data []byte) error {
	const unfinished = hidden + "unfinished"
	file, err := folder.OpenFile(unfinished, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o640)
	if err != nil {
		return unwritten(err)
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = folder.Rename(unfinished, name)
	}
	if err != nil {
		return unwritten(err)
	}
	if err := syncFolder(folder); err != nil {
		return fmt.Errorf("flush the folder: %w", err) // not classified: the new file is there already
	}
	return nil
}
