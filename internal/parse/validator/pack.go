package validator

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
)

// pack makes a tar.gz of all files of a tree: a DAG may import, or read, any of them.
func pack(ctx context.Context, tree fs.FS) ([]byte, error) {
	var out bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	members := tar.NewWriter(zipped)
	err = fs.WalkDir(tree, ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		return add(members, tree, name)
	})
	if err != nil {
		return nil, err
	}
	if err := members.Close(); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// add writes one file; folders are made by the files in them.
func add(to *tar.Writer, tree fs.FS, name string) error {
	info, err := fs.Stat(tree, name)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	in, err := tree.Open(name)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	if err := to.WriteHeader(&tar.Header{Name: name, Mode: 0o444, Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = io.Copy(to, in)
	return err
}
