package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

const command = "./testdata/bootstrap"

func TestRun_packsBothArchitectures(t *testing.T) {
	out := t.TempDir()
	var table bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-out", out, "-cmd", command, "-name", "fn", "-version", "v1"}, &table))
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	require.Len(t, lines, 4)
	t.Log("\n" + table.String())
	for i, arch := range []string{"arm64", "amd64"} {
		path := filepath.Join(out, "fn-"+arch+".zip")
		assert.Contains(t, lines[i+1], path)
		r, err := zip.OpenReader(path)
		require.NoError(t, err)
		modes := map[string]fs.FileMode{}
		for _, f := range r.File {
			modes[f.Name] = f.Mode()
			assert.Equal(t, 1980, f.Modified.Year(), f.Name)
		}
		require.NoError(t, r.Close())
		assert.Equal(t, fs.FileMode(0o755), modes["bootstrap"])
		assert.Equal(t, fs.FileMode(0o755), modes[parse.InterpreterPath])
		assert.Equal(t, fs.FileMode(0o644), modes["python/lib/python3.14/os.py"])
		assert.Contains(t, modes, "python/LICENSE")
		assert.Contains(t, modes, licencesFile)
		assert.Len(t, modes, len(parse.Modules())+4, "nothing else is in it")
	}
	checkSums(t, out, "fn-amd64.zip", "fn-arm64.zip")
}

func TestRun_whatIsMissingIsSaid(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), nil, io.Discard), "-cmd")
	err := run(t.Context(), []string{"-out", t.TempDir(), "-arch", "amd64", "-cmd", "./nothing", "-name", "fn", "-version", "v1"}, io.Discard)
	require.ErrorContains(t, err, "build ./nothing")
	err = run(t.Context(), []string{"-out", t.TempDir(), "-arch", "riscv64", "-cmd", command, "-name", "fn", "-version", "v1"}, io.Discard)
	require.ErrorContains(t, err, "riscv64")
}

// TestPack_trimmedInterpreterSaysTheSame compares it with the whole one, on all that makes the worker import things:
// each codec, errors of every stage, newer syntax.
func TestPack_trimmedInterpreterSaysTheSame(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the packaged interpreter is for Linux")
	}
	dir := unpack(t)
	whole, err := embedded.Interpreter()
	require.NoError(t, err)
	tree := corpus()
	for _, python := range []string{"", "3.10"} {
		trimmed := check(t, filepath.Join(dir, parse.InterpreterPath), python, tree)
		assert.Equal(t, check(t, whole, python, tree), trimmed)
		assert.Greater(t, len(trimmed.Findings), 10)
	}
}

// TestPack_nothingOfTheListIsTooMuch takes each module away that is no codec, and each codec that is always there.
func TestPack_nothingOfTheListIsTooMuch(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the packaged interpreter is for Linux")
	}
	dir := unpack(t)
	tree := fstest.MapFS{"a.py": {Data: []byte(`f"{x["a"]}"`)}}
	want := check(t, filepath.Join(dir, parse.InterpreterPath), "3.11", tree)
	for _, module := range append([]string{"encodings/__init__.py", "encodings/aliases.py", "encodings/utf_8.py"}, others()...) {
		path := filepath.Join(dir, "python/lib/python3.14", module)
		require.NoError(t, os.Rename(path, path+".away"))
		got, err := tryCheck(t, filepath.Join(dir, parse.InterpreterPath), "3.11", tree)
		assert.Falsef(t, err == nil && assert.ObjectsAreEqual(want, got), "%s is not needed", module)
		require.NoError(t, os.Rename(path+".away", path))
	}
}

func others() []string {
	return slices.DeleteFunc(parse.Modules(), func(m string) bool { return strings.HasPrefix(m, "encodings/") })
}

// unpack writes the trimmed interpreter of this machine as its package has it.
func unpack(t *testing.T) string {
	p, err := findPython(t.Context(), "linux", runtime.GOARCH)
	require.NoError(t, err)
	files, err := p.trimmed()
	require.NoError(t, err)
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.data, f.mode))
	}
	return dir
}

func check(t *testing.T, interpreter, python string, tree fs.FS) parse.Report {
	report, err := tryCheck(t, interpreter, python, tree)
	require.NoError(t, err)
	return report
}

func tryCheck(t *testing.T, interpreter, python string, tree fs.FS) (parse.Report, error) {
	c, err := parse.New(parse.Options{Interpreter: interpreter, Python: python})
	require.NoError(t, err)
	defer c.Close()
	return c.Check(t.Context(), tree)
}

func corpus() fstest.MapFS {
	tree := fstest.MapFS{}
	for i, text := range []string{
		"x = 1", "x = = 1", "return 1", "'\\N{BULLET} \\N{nothing}'", "x = '\xe4'", "x\x00", "print 'a'", "match x:\n  case 1: pass",
		"f\"{x[\"a\"]}\"", "t'{x}'", "def f[T](): pass", "ä = '日' 1", strings.Repeat("(", 300), "x" + strings.Repeat(".a", 30000),
		"class A:\n  nonlocal x", "for x in range(10)\n  pass", "printt(x", "def f():\n\treturn\n        x", "imprt x", "# coding: what",
	} {
		tree[fmt.Sprintf("%02d.py", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	for _, module := range parse.Modules() {
		if codec, ok := strings.CutPrefix(module, "encodings/"); ok {
			name := strings.TrimSuffix(codec, ".py")
			tree["codec_"+name+".py"] = &fstest.MapFile{Data: []byte("# coding: " + name + "\nx = '\xa4\xa2' y\n")}
		}
	}
	for _, alias := range []string{"latin-1", "iso-8859-15", "cp-1252", "Windows-1252", "UTF8", "sjis", "hex", "rot13", "zlib", "idna2"} {
		tree["alias_"+alias+".py"] = &fstest.MapFile{Data: []byte("# coding: " + alias + "\nx = '\xa4\xa2' y\n")}
	}
	return tree
}
