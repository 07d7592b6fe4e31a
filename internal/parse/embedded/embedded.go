// Package embedded carries a whole CPython in the program, for the command line and for tests, which have no package
// to carry it beside the executable. It costs 39 MB in the binary: functions never import it.
package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gofrs/flock"
	"github.com/kluctl/go-embed-python/python"
)

// Version is that of the embedded interpreter and of its build; go.mod names the same.
const Version = "3.14.6-20260610"

// Interpreter returns the path of the interpreter in the user's cache directory, extracted once: 144 MB, some
// seconds. Processes that start at the same time wait for the first. A later start looks for one file.
func Interpreter() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory for Python: %w", err)
	}
	return extract(filepath.Join(cache, "dagferry", "python-"+Version))
}

// extract puts everything into dir, unless dir's marker says that all is there.
func extract(dir string) (string, error) {
	path := filepath.Join(dir, filepath.FromSlash(executable()))
	if finished(dir) && isFile(path) {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return "", fmt.Errorf("extract Python: %w", err)
	}
	lock := flock.New(dir + ".extract") // the package's own, dir.lock, does not cover the marker
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("extract Python: lock %s: %w", lock.Path(), err)
	}
	defer lock.Close() //nolint:errcheck // the lock goes with the process at the latest
	if finished(dir) && isFile(path) {
		return path, nil
	}
	if _, err := python.NewEmbeddedPythonWithTmpDir(dir, false); err != nil {
		return "", fmt.Errorf("extract Python to %s: %w", dir, err)
	}
	if !isFile(path) {
		return "", fmt.Errorf("extract Python: there is no %s", path)
	}
	if err := os.WriteFile(marker(dir), []byte(Version+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("extract Python: %w", err)
	}
	return path, nil
}

// marker is written after everything else. The package itself compares each of 3,000 files with its size.
func marker(dir string) string { return filepath.Join(dir, ".dagferry-complete") }

func finished(dir string) bool {
	text, err := os.ReadFile(marker(dir))
	return err == nil && string(text) == Version+"\n"
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func executable() string {
	if runtime.GOOS == "windows" {
		return "python.exe"
	}
	return "bin/python3.14"
}
