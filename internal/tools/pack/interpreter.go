package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
)

// module is where the interpreters come from, each as a folder of files, large ones compressed.
const module = "github.com/kluctl/go-embed-python"

// interpreter is the trimmed interpreter, as parse.Find looks for it, with its licence.
func interpreter(ctx context.Context, arch string) ([]entry, error) {
	data, err := distribution(ctx, arch)
	if err != nil {
		return nil, err
	}
	const lib = "lib/python3.14/"
	from := map[string]string{
		parse.InterpreterPath: strings.TrimPrefix(parse.InterpreterPath, "python/"),
		"python/LICENSE":      lib + "LICENSE.txt",
	}
	for _, name := range parse.Modules() {
		from["python/"+lib+name] = lib + name
	}
	var files []entry
	for name, source := range from {
		contents, err := read(data, source)
		if err != nil {
			return nil, fmt.Errorf("read Python: %w", err)
		}
		files = append(files, entry{name, contents, mode(name)})
	}
	return files, nil
}

func mode(name string) fs.FileMode {
	if path.Dir(name) == path.Dir(parse.InterpreterPath) {
		return 0o755
	}
	return 0o644
}

// distribution is the interpreter's folder of this architecture, in the module cache.
func distribution(ctx context.Context, arch string) (fs.FS, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", module, err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return nil, fmt.Errorf("find %s: it is not in the module cache: run go mod download", module)
	}
	return fs.Sub(os.DirFS(dir), "python/internal/data/linux-"+arch)
}

// read reads a file, which may have been compressed.
func read(data fs.FS, name string) ([]byte, error) {
	plain, err := fs.ReadFile(data, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return plain, err
	}
	compressed, err := fs.ReadFile(data, name+".gz")
	if err != nil {
		return nil, err
	}
	in, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return io.ReadAll(in)
}
