package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// executable is a Lambda bootstrap that runs here.
type executable struct {
	path string
	// interpreter is the Python that it is given, where its package has none.
	interpreter string
}

// errNoFunction means that there is nothing to run.
var errNoFunction = errors.New("the demo runs the real Lambda function: begin it in a checkout of dagferry, where it is built by Go, " +
	"or name a package with --function s3sync-amd64.zip (make package makes it)")

// findFunction unpacks a package, or builds the function of the checkout that this is run in.
func findFunction(ctx context.Context, pack, dir string, interpreter func() (string, error)) (executable, error) {
	if pack != "" {
		return unpack(pack, dir)
	}
	root, err := checkout(ctx)
	if err != nil {
		return executable{}, err
	}
	path := filepath.Join(dir, "bootstrap")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-o", path, "./functions/s3sync") //nolint:gosec // fixed words
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return executable{}, fmt.Errorf("build the function: %w\n%s", err, bytes.TrimSpace(out))
	}
	python, err := interpreter()
	return executable{path, python}, err
}

// checkout is the root of the dagferry checkout around the working directory.
func checkout(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}} {{.Dir}}").Output()
	path, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || path != "github.com/dagferry/dagferry" {
		return "", errNoFunction
	}
	return dir, nil
}

// unpack unpacks a function's package into dir.
func unpack(pack, dir string) (executable, error) {
	z, err := zip.OpenReader(pack)
	if errors.Is(err, zip.ErrFormat) {
		return executable{}, fmt.Errorf("%s is not a package of the function: it is no zip file", pack)
	}
	if err != nil {
		return executable{}, fmt.Errorf("open the package: %w", err)
	}
	defer func() { _ = z.Close() }() // only read
	for _, f := range z.File {
		if err := unpackFile(f, dir); err != nil {
			return executable{}, fmt.Errorf("unpack %s from %s: %w", f.Name, pack, err)
		}
	}
	path := filepath.Join(dir, "bootstrap")
	if _, err := os.Stat(path); err != nil {
		return executable{}, fmt.Errorf("%s is not a package of the function: it has no bootstrap", pack)
	}
	if err := runsHere(path); err != nil {
		return executable{}, fmt.Errorf("%s cannot be run here: %w", pack, err)
	}
	return executable{path: path}, nil
}

// runsHere looks for which machine a program is: another's would not start, and the demo wait for it until it gave up.
func runsHere(path string) error {
	program, err := elf.Open(path)
	if err != nil {
		return errors.New("its bootstrap is no program for Linux")
	}
	defer func() { _ = program.Close() }() // only read
	arch, known := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[program.Machine]
	if !known {
		arch = program.Machine.String()
	}
	if runtime.GOOS != "linux" || arch != runtime.GOARCH {
		return fmt.Errorf("it is for linux/%s, and this is %s/%s", arch, runtime.GOOS, runtime.GOARCH)
	}
	return nil
}

func unpackFile(f *zip.File, dir string) error {
	if !filepath.IsLocal(f.Name) {
		return errors.New("its name points outside")
	}
	path := filepath.Join(dir, filepath.FromSlash(f.Name))
	if f.FileInfo().IsDir() {
		return os.MkdirAll(path, 0o750)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()                                                 // only read
	w, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, f.Mode().Perm()) //nolint:gosec // IsLocal
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r) //nolint:gosec // a package that the user names
	return errors.Join(err, w.Close())
}
