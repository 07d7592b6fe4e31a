// Package embedded carries a whole CPython in the program, for the command line and for tests, which have no package
// to carry it beside the executable. It costs 39 MB in the binary: functions never import it.
package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gofrs/flock"
	"github.com/kluctl/go-embed-python/python"
)

// Version is that of the embedded interpreter and of its build; go.mod names the same.
const Version = "3.14.6-20260610"

// Interpreter returns the path of the interpreter in the user's cache directory, or in one for temporary files where
// that is none that can be used. It is extracted once: 144 MB, some seconds. Processes that start at the same time
// wait for the first. A later start looks for one file.
func Interpreter() (string, error) {
	var places []string
	cache, err := os.UserCacheDir()
	if err == nil {
		places = append(places, filepath.Join(cache, "dagferry"))
	}
	places = append(places, temporaryPlace())
	path, failed := interpreterIn(places)
	if failed != nil {
		return "", fmt.Errorf("find a place for Python: %w; set XDG_CACHE_HOME to a folder that is yours to write, or DAGFERRY_PYTHON to an interpreter",
			errors.Join(err, failed))
	}
	return path, nil
}

// temporaryPlace is each user's own, so that one user's does not keep the others from theirs.
func temporaryPlace() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("dagferry-%d", os.Geteuid()))
}

// interpreterIn extracts to the first of the folders where that can be done.
func interpreterIn(places []string) (string, error) {
	var failures []error
	for _, place := range places {
		err := private(place)
		if err == nil {
			var path string
			if path, err = extract(filepath.Join(place, "python-"+Version)); err == nil {
				return path, nil
			}
		}
		failures = append(failures, err)
	}
	return "", errors.Join(failures...)
}

// private makes a folder that nobody else can write to, or checks that it is one: what lies in it is executed, and in
// a folder that all can write to (/tmp) somebody else may have put it there.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not trusted: it is no folder", dir)
	case !isOurs(info):
		return fmt.Errorf("%s is not trusted: it belongs to somebody else, or others may write to it", dir)
	}
	return nil
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
