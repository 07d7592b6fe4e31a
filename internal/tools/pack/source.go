package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// source is a Cloud Run function, which its platform builds itself: the function's package stands at the archive's root
// beside its go.mod, what it imports of this module where it is, everything else in vendor, so that nothing is fetched, and
// the trimmed interpreter ("Write Cloud Run functions: directory structure, dependencies").
type source struct {
	pkg     string // of the function, as go list takes it
	version string
}

func (s source) name() string { return path.Base(filepath.ToSlash(s.pkg)) }

func (s source) file() string { return s.name() + ".zip" }

// server is the program that serves the function elsewhere than on its platform: in the container of its Dockerfile.
func (s source) server() string { return s.pkg + "/local" }

// framework makes vendor hold what the platform's own main imports.
const framework = "package %s\n\nimport _ \"github.com/GoogleCloudPlatform/functions-framework-go/funcframework\" // the builder's main serves the function by it\n"

// pack makes the archive. What is linked in is told of the program that serves the function, for the platform's machines.
func (s source) pack(ctx context.Context) (packed, error) {
	p := product{
		binary: binary{command: s.server(), version: s.version, os: "linux", arch: "amd64"},
		name:   s.name(), archive: s.file(),
	}
	interpreter, err := findPython(ctx, p.os, p.arch)
	if err != nil {
		return packed{}, err
	}
	trimmed, err := interpreter.trimmed()
	if err != nil {
		return packed{}, err
	}
	files, err := s.files(ctx)
	if err != nil {
		return packed{}, err
	}
	_, info, err := p.build(ctx)
	if err != nil {
		return packed{}, err
	}
	var out bytes.Buffer
	err = writeZip(&out, append(files, trimmed...))
	return packed{p, out.Bytes(), info, interpreter}, err
}

// files are those of the source.
func (s source) files(ctx context.Context) ([]entry, error) {
	dir, err := os.MkdirTemp("", "pack")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	if err := s.lay(ctx, dir); err != nil {
		return nil, err
	}
	for _, args := range [][]string{{"mod", "tidy"}, {"mod", "vendor"}} {
		cmd := goCommand(ctx, args...)
		cmd.Dir, cmd.Env = dir, append(cmd.Env, "GOFLAGS=-mod=mod")
		if _, err := output(cmd); err != nil {
			return nil, err
		}
	}
	return readAll(dir)
}

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Dir, Name string
	GoFiles, EmbedFiles   []string
	Module                *struct{ Path, Dir string }
}

// lay copies the function's package, and what it imports of its module, into dir.
func (s source) lay(ctx context.Context, dir string) error {
	cmd := goCommand(ctx, "list", "-deps", "-json=ImportPath,Dir,Name,GoFiles,EmbedFiles,Module", s.pkg)
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	text, err := output(cmd)
	if err != nil {
		return err
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("read what go list tells: %w", err)
		}
		all = append(all, p)
	}
	function := all[len(all)-1] // dependencies come first
	for _, p := range all {
		if p.Module == nil || p.Module.Path != function.Module.Path {
			continue
		}
		to := filepath.Join(dir, strings.TrimPrefix(p.ImportPath, function.Module.Path))
		if p.ImportPath == function.ImportPath {
			to = dir
		}
		if err := copyFiles(p.Dir, to, append(p.GoFiles, p.EmbedFiles...)); err != nil {
			return err
		}
	}
	generated := map[string]string{
		"framework.go": fmt.Sprintf(framework, function.Name),
		"version.go":   fmt.Sprintf("package %s\n\nfunc init() { version = %q }\n", function.Name, s.version),
	}
	server, err := os.ReadFile(filepath.Join(function.Dir, "local", "main.go"))
	if err != nil {
		return err
	}
	generated["local/main.go"] = strings.ReplaceAll(string(server), function.ImportPath, function.Module.Path)
	for name, text := range generated {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := copyFiles(function.Dir, dir, []string{"Dockerfile"}); err != nil {
		return err
	}
	return copyFiles(function.Module.Dir, dir, []string{"go.mod", "go.sum", "LICENSE"})
}

func copyFiles(from, to string, names []string) error {
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(from, name)) //nolint:gosec // the module's own
		if err != nil {
			return err
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil { //nolint:gosec // a folder of its own
			return err
		}
	}
	return nil
}

// readAll is every file below a folder.
func readAll(dir string) ([]entry, error) {
	var files []entry
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path) //nolint:gosec // as laid
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, entry{filepath.ToSlash(name), data, 0o644})
		return err
	})
	return files, err
}
