package main

import (
	"archive/zip"
	"bytes"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var wholeRelease = flag.Bool("release", false, "make the whole release twice, each from an empty build cache: a quarter of an hour on two cores")

// place is a copy of the tree, somewhere, and somebody's way to work there.
type place struct {
	dir     string
	umask   string
	mode    os.FileMode
	reverse bool // the order in which the files are written
	when    time.Time
	env     []string
}

// TestPackage_sameBytesElsewhere builds a package in two copies of the tree that differ in all that should not matter.
// The build cache is shared, but what is compiled with a path in it is not found there under another path.
func TestPackage_sameBytesElsewhere(t *testing.T) {
	needsProducts(t)
	var archives [][]byte
	places := twoPlaces(t)
	for _, p := range places {
		p.pack(t, "-out", "dist", "-arch", "arm64", "-cmd", "./functions/s3sync", "-name", "s3sync", "-version", "v1.2.3")
		data, err := os.ReadFile(filepath.Join(p.dir, "dist", "s3sync-arm64.zip"))
		require.NoError(t, err)
		archives = append(archives, data)
	}
	first, second := unzipped(t, archives[0]), unzipped(t, archives[1])
	for name, data := range first {
		assert.Truef(t, bytes.Equal(data, second[name]), "%s is not the same in both", name)
	}
	assert.True(t, bytes.Equal(archives[0], archives[1]), "the same files, and another archive")
	for _, path := range []string{places[0].dir, places[1].dir, goEnv(t, "GOMODCACHE"), goEnv(t, "GOCACHE"), goEnv(t, "GOROOT")} {
		assert.Falsef(t, bytes.Contains(first["bootstrap"], []byte(path)), "%s is in bootstrap", path)
	}
}

// TestRelease_sameBytesElsewhere is the same for all that is released, and for the compiler's work.
func TestRelease_sameBytesElsewhere(t *testing.T) {
	if !*wholeRelease {
		t.Skip("it takes a quarter of an hour: make reproducible, or -release")
	}
	var sums []string
	for _, p := range twoPlaces(t) {
		p.env = append(p.env, "GOCACHE="+t.TempDir())
		committed(t, p.dir)
		git(t, p.dir, "tag", "v1.2.3")
		t.Log(p.pack(t, "-out", "dist", "-release"))
		list, err := os.ReadFile(filepath.Join(p.dir, "dist", sumsFile))
		require.NoError(t, err)
		sums = append(sums, string(list))
	}
	assert.Equal(t, sums[0], sums[1])
}

// twoPlaces are copies of the tree in different folders, of different ages, orders and modes, for people with
// different habits.
func twoPlaces(t *testing.T) []place {
	modules := filepath.Join(t.TempDir(), "modules elsewhere")
	require.NoError(t, os.Symlink(goEnv(t, "GOMODCACHE"), modules))
	places := []place{
		{dir: t.TempDir(), umask: "022", mode: 0o755, when: time.Now()},
		{
			dir: filepath.Join(t.TempDir(), "a folder", "of another depth"), umask: "077", mode: 0o700, reverse: true,
			when: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
			env:  []string{"GOFLAGS=-gcflags=-N", "GOARM64=v8.1", "GOMODCACHE=" + modules, "TZ=Asia/Tokyo", "LC_ALL=C"},
		},
	}
	for _, p := range places {
		p.fill(t)
	}
	return places
}

// fill copies what git would: the files that it knows, and those that it was not told of yet.
func (p place) fill(t *testing.T) {
	root, err := goOutput(t.Context(), "list", "-m", "-f", "{{.Dir}}")
	require.NoError(t, err)
	list, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate").Output()
	require.NoError(t, err)
	names := strings.Split(strings.TrimRight(string(list), "\x00"), "\x00")
	if p.reverse {
		slices.Reverse(names)
	}
	for _, name := range names {
		from, to := filepath.Join(root, name), filepath.Join(p.dir, name)
		info, err := os.Stat(from)
		if os.IsNotExist(err) {
			continue // removed, and git was not told of it yet
		}
		require.NoError(t, err)
		data, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
		require.NoError(t, os.WriteFile(to, data, 0o600))
		require.NoError(t, os.Chmod(to, (info.Mode()|0o644)&p.mode))
		require.NoError(t, os.Chtimes(to, p.when, p.when))
	}
}

// pack runs the tool as make does, and is what it writes.
func (p place) pack(t *testing.T, args ...string) string {
	cmd := exec.Command("sh", append([]string{"-c", "umask " + p.umask + ` && exec go run ./internal/tools/pack "$@"`, "sh"}, args...)...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), p.env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

func unzipped(t *testing.T, archive []byte) map[string][]byte {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	files := map[string][]byte{}
	for _, f := range r.File {
		in, err := f.Open()
		require.NoError(t, err)
		files[f.Name], err = io.ReadAll(in)
		require.NoError(t, err)
	}
	return files
}

func goEnv(t *testing.T, name string) string {
	value, err := goOutput(t.Context(), "env", name)
	require.NoError(t, err)
	return value
}
