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
	"path"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
)

// pythonModule is where the interpreters come from, each as a folder of files, large ones compressed.
const pythonModule = "github.com/kluctl/go-embed-python"

// python is CPython for one platform.
type python struct {
	files   fs.FS
	version string // of CPython
	build   string // of python-build-standalone, which the module takes it from
	module  string // the module's version
	sum     string // the module's line of go.sum
}

// findPython finds it in the module cache.
func findPython(ctx context.Context, goos, arch string) (python, error) {
	out, err := goOutput(ctx, "list", "-m", "-f", "{{.Version}} {{.Sum}} {{.Dir}}", pythonModule)
	if err != nil {
		return python{}, fmt.Errorf("find %s: %w", pythonModule, err)
	}
	facts := strings.SplitN(out, " ", 3)
	if len(facts) != 3 || facts[2] == "" {
		return python{}, fmt.Errorf("find %s: it is not in the module cache: run go mod download", pythonModule)
	}
	data := os.DirFS(path.Join(facts[2], "python/internal/data"))
	versions, err := fs.ReadFile(data, "PYTHON_VERSION")
	if err != nil {
		return python{}, fmt.Errorf("find the version of Python: %w", err)
	}
	p := python{module: facts[0], sum: facts[1]}
	for line := range strings.Lines(string(versions)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch value = strings.Trim(value, `"`); name {
		case "PYTHON_VERSION":
			p.version = value
		case "PYTHON_STANDALONE_VERSION":
			p.build = value
		}
	}
	if p.version == "" || p.build == "" {
		return python{}, fmt.Errorf("find the version of Python: PYTHON_VERSION of %s has another form: see what it says now", pythonModule)
	}
	p.files, err = fs.Sub(data, goos+"-"+arch)
	return p, err
}

// executable is the interpreter itself.
func (p python) executable() ([]byte, error) {
	return p.read(strings.TrimPrefix(parse.InterpreterPath, "python/"))
}

// trimmed is the interpreter as parse.Find looks for it, with only the modules that it needs, and its licence.
func (p python) trimmed() ([]entry, error) {
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
		contents, err := p.read(source)
		if err != nil {
			return nil, err
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

// read reads a file, which may have been compressed.
func (p python) read(name string) ([]byte, error) {
	plain, err := fs.ReadFile(p.files, name)
	if err == nil {
		return plain, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read Python: %w", err)
	}
	compressed, err := fs.ReadFile(p.files, name+".gz")
	if err != nil {
		return nil, fmt.Errorf("read Python: %w", err)
	}
	in, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("read Python: %s: %w", name, err)
	}
	return io.ReadAll(in)
}
