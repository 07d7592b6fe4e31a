package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// maxPackage is below the 50 MB that Lambda takes in a direct upload, and leaves no room to carry things twice.
const maxPackage = 40_000_000

// product is one file that people install: an executable in an archive, with what it needs.
type product struct {
	binary
	name    string // of the program
	archive string // the file's name
	inside  string // what the executable is called in there
	most    int    // bytes of the archive; 0 for any
	beside  func(python) ([]entry, error)
	write   func(io.Writer, []entry) error
}

// function is the package of a function for Lambda's provided.al2023, which needs neither cgo nor the RPC of the old
// runtime: the executable as bootstrap, and beside it the trimmed interpreter.
func function(name, command, version, arch string) product {
	return product{
		binary:  binary{command: command, version: version, os: "linux", arch: arch, tags: "lambda.norpc"},
		name:    name,
		archive: name + "-" + arch + ".zip",
		inside:  "bootstrap",
		most:    maxPackage,
		beside:  python.trimmed,
		write:   writeZip,
	}
}

// commandLine is the command line for one platform, which carries its interpreter in the executable, with the files
// of the folder root that go with it.
func commandLine(name, command, version, goos, arch, root string, when time.Time) product {
	return product{
		binary:  binary{command: command, version: version, os: goos, arch: arch},
		name:    name,
		archive: fmt.Sprintf("%s_%s_%s_%s.tar.gz", name, version, goos, arch),
		inside:  name,
		beside: func(python) ([]entry, error) {
			var files []entry
			for _, f := range []string{"LICENSE", "README.md"} {
				data, err := os.ReadFile(filepath.Join(root, f)) //nolint:gosec // the repository's own
				if err != nil {
					return nil, err
				}
				files = append(files, entry{f, data, 0o644})
			}
			return files, nil
		},
		write: func(out io.Writer, files []entry) error { return writeTarGz(out, files, when) },
	}
}

// packed is a product that was built, and what its bill of materials is made from.
type packed struct {
	product
	data   []byte
	info   *buildinfo.BuildInfo
	python python
}

func (p product) file() string { return p.archive }

// pack builds it.
func (p product) pack(ctx context.Context) (packed, error) {
	interpreter, err := findPython(ctx, p.os, p.arch)
	if err != nil {
		return packed{}, err
	}
	files, err := p.beside(interpreter)
	if err != nil {
		return packed{}, err
	}
	executable, info, err := p.build(ctx)
	if err != nil {
		return packed{}, err
	}
	texts, err := licences(ctx, info.Deps)
	if err != nil {
		return packed{}, err
	}
	files = append(files, entry{p.inside, executable, 0o755}, entry{licencesFile, texts, 0o644})
	for _, f := range files {
		if err := checkMachine(f, p.os, p.arch); err != nil {
			return packed{}, err
		}
	}
	var out bytes.Buffer
	if err := p.write(&out, files); err != nil {
		return packed{}, err
	}
	if p.most != 0 && out.Len() > p.most {
		return packed{}, fmt.Errorf("it has %d bytes, more than %d: see what it carries (unzip -lv), or raise maxPackage", out.Len(), p.most)
	}
	return packed{p, out.Bytes(), info, interpreter}, nil
}
