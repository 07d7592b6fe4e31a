// Command minio fetches a prefix as fluxcd's source-controller does: it lists all, has 100 workers fetch all with
// FGetObject, and packs the folder. It is a module of its own, so that minio-go is none of dagferry's dependencies.
//
// It does so once, says "done", and again for each line that it reads.
package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"
)

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: minio ENDPOINT BUCKET PREFIX FOLDER ARCHIVE")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		fmt.Fprintln(os.Stderr, "minio:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, bucket, prefix, folder, archive string) error {
	client, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{Creds: credentials.NewEnvAWS(), Region: "us-east-1"})
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	for {
		if err := fetch(ctx, client, bucket, prefix, folder); err != nil {
			return err
		}
		if err := pack(folder, archive); err != nil {
			return err
		}
		fmt.Println("done")
		if _, err := in.ReadString('\n'); err != nil {
			return nil
		}
	}
}

// workers is source-controller's number.
const workers = 100

func fetch(ctx context.Context, client *minio.Client, bucket, prefix, folder string) error {
	var keys []string
	for o := range client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return o.Err
		}
		keys = append(keys, o.Key)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, key := range keys {
		group.Go(func() error {
			return client.FGetObject(ctx, bucket, key, filepath.Join(folder, strings.TrimPrefix(key, prefix)), minio.GetObjectOptions{})
		})
	}
	return group.Wait()
}

func pack(folder, archive string) (err error) {
	out, err := os.Create(archive)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(out)
	t := tar.NewWriter(z)
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return add(t, folder, path)
	})
	return errors.Join(err, t.Close(), z.Close(), out.Close())
}

func add(t *tar.Writer, folder, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	info, err := in.Stat()
	if err != nil {
		return err
	}
	h, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	name, err := filepath.Rel(folder, path)
	if err != nil {
		return err
	}
	h.Name = "dags/" + filepath.ToSlash(name)
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(t, in)
	return err
}
