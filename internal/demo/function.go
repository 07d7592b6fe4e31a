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

	"github.com/dagferry/dagferry/internal/local/cloudrun"
)

// executable is a function that runs here.
type executable struct {
	path string
	// interpreter is the Python that it is given, where its package has none.
	interpreter string
}

// function says where a cloud's function is in the module, and how one gets it from its package.
type function struct {
	pkg, pack string
	tags      string
	unpacked  func(ctx context.Context, pack, dir string) (string, error)
}

func lambdaFunction() function {
	return function{pkg: "./functions/s3sync", pack: "s3sync-amd64.zip", tags: "lambda.norpc", unpacked: bootstrap}
}

func cloudRunFunction() function {
	return function{pkg: "./functions/gcssync/local", pack: "gcssync.zip", unpacked: built}
}

// module is where the functions are.
const module = "github.com/dagferry/dagferry"

// errNoFunction means that there is nothing to run.
var errNoFunction = errors.New("the demo runs the real function: begin it in a checkout of dagferry, where it is built by Go")

// find unpacks a package, or builds the function of the checkout that this is run in.
func (f function) find(ctx context.Context, pack, dir string, interpreter func() (string, error)) (executable, error) {
	if pack != "" {
		if err := unpack(pack, dir); err != nil {
			return executable{}, err
		}
		path, err := f.unpacked(ctx, pack, dir)
		return executable{path: path}, err
	}
	root, err := checkout(ctx)
	if err != nil {
		return executable{}, fmt.Errorf("%w, or name a package with --function %s (make package makes it)", err, f.pack)
	}
	path := filepath.Join(dir, "function")
	build := exec.CommandContext(ctx, "go", "build", "-tags", f.tags, "-o", path, f.pkg) //nolint:gosec // fixed words
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
	if err != nil || path != module {
		return "", errNoFunction
	}
	return dir, nil
}

// unpack unpacks a function's package into dir.
func unpack(pack, dir string) error {
	z, err := zip.OpenReader(pack)
	if errors.Is(err, zip.ErrFormat) {
		return fmt.Errorf("%s is not a package of the function: it is no zip file", pack)
	}
	if err != nil {
		return fmt.Errorf("open the package: %w", err)
	}
	defer func() { _ = z.Close() }() // only read
	for _, f := range z.File {
		if err := unpackFile(f, dir); err != nil {
			return fmt.Errorf("unpack %s from %s: %w", f.Name, pack, err)
		}
	}
	return nil
}

// bootstrap is the executable of a Lambda function's package.
func bootstrap(_ context.Context, pack, dir string) (string, error) {
	path := filepath.Join(dir, "bootstrap")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not a package of the function: it has no bootstrap", pack)
	}
	if err := runsHere(path); err != nil {
		return "", fmt.Errorf("%s cannot be run here: %w", pack, err)
	}
	return path, nil
}

// built builds a Cloud Run function's source, as its platform does.
func built(ctx context.Context, pack, dir string) (string, error) {
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return "", fmt.Errorf("%s is not a package of the function: it has no go.mod", pack)
	}
	return cloudrun.Build(ctx, dir, module)
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
