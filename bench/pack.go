package main

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// unpackFunction builds the Lambda function's package, as a release does, and unpacks it.
func unpackFunction(ctx context.Context, dir string) error {
	dist := dir + "-zip"
	build := exec.CommandContext(ctx, "go", "run", "./internal/tools/pack", "-out", dist, "-arch", runtime.GOARCH, //nolint:gosec // of this repository
		"-cmd", "./functions/s3sync", "-name", "s3sync", "-version", "v0.0.0-bench")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the function's package (from the repository's root): %w\n%s", err, out)
	}
	z, err := zip.OpenReader(filepath.Join(dist, "s3sync-"+runtime.GOARCH+".zip"))
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }() // only read
	for _, f := range z.File {
		if err := unpackFile(f, filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
			return fmt.Errorf("unpack %s: %w", f.Name, err)
		}
	}
	return nil
}

func unpackFile(f *zip.File, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()                                                                  //nolint:errcheck // only read
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, f.Mode().Perm()) //nolint:gosec // the package that was made above
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err != nil { //nolint:gosec // the same
		_ = out.Close()
		return err
	}
	return out.Close()
}
