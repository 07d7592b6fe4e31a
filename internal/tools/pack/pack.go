package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
)

// maxPackage is below the 50 MB that Lambda takes in a direct upload, and leaves no room to carry things twice.
const maxPackage = 40_000_000

// packed is what is told of a package.
type packed struct {
	size int
	sum  [sha256.Size]byte
}

// pack writes one package.
func pack(ctx context.Context, path, command, version, arch string) (packed, error) {
	files, err := interpreter(ctx, arch)
	if err != nil {
		return packed{}, err
	}
	bootstrap, err := build(ctx, command, version, arch)
	if err != nil {
		return packed{}, err
	}
	files = append(files, entry{"bootstrap", bootstrap, 0o755})
	for _, f := range files {
		if err := checkMachine(f, arch); err != nil {
			return packed{}, err
		}
	}
	var out bytes.Buffer
	if err := writeZip(&out, files); err != nil {
		return packed{}, err
	}
	if out.Len() > maxPackage {
		return packed{}, fmt.Errorf("it has %d bytes, more than %d", out.Len(), maxPackage)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil { //nolint:gosec // build output, for everybody
		return packed{}, err
	}
	return packed{out.Len(), sha256.Sum256(out.Bytes())}, nil
}
