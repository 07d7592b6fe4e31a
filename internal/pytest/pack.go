package pytest

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// brought are the files of a project that an image has in another state, or not at all: it was built before DAGs changed, and .dockerignore may leave
// out what tests need. All else is tested as the image has it, plugins/ and include/ too: that is what will run.
func brought() []string {
	return []string{"dags", "tests", ".astro", "conftest.py", "pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"}
}

// toBring are those that the project has, and what is to be tested besides.
func toBring(project string, paths []string) []string {
	var found []string
	for _, name := range brought() {
		if _, err := os.Lstat(filepath.Join(project, name)); err == nil {
			found = append(found, name)
		}
	}
	for _, name := range paths {
		if !slices.ContainsFunc(found, func(f string) bool { return within(f, name) }) {
			found = append(found, name)
		}
	}
	return found
}

// within reports whether a slashed path is a folder or below it.
func within(folder, name string) bool {
	return name == folder || len(name) > len(folder) && name[:len(folder)] == folder && name[len(folder)] == '/'
}

// bring writes a tar of them. Links below them stay links; what Python made of the files stays here.
func bring(project string, names []string, to io.Writer) error {
	files := tar.NewWriter(to)
	for _, name := range names {
		if err := bringOne(files, project, name); err != nil {
			return fmt.Errorf("bring %s to the image: %w", name, err)
		}
	}
	return files.Close()
}

func bringOne(to *tar.Writer, project, name string) error {
	root, err := filepath.EvalSymlinks(filepath.Join(project, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{"__pycache__", ".pytest_cache", ".git"}, entry.Name()) {
			return fs.SkipDir
		}
		below, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		return add(to, file, path.Join(name, filepath.ToSlash(below)), entry)
	})
}

func add(to *tar.Writer, file, name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: name, Mode: int64(info.Mode().Perm()) | 0o600, ModTime: info.ModTime(), Format: tar.FormatPAX}
	switch mode := info.Mode(); {
	case mode.IsDir():
		header.Typeflag, header.Mode = tar.TypeDir, header.Mode|0o700
	case mode&fs.ModeSymlink != 0:
		header.Typeflag = tar.TypeSymlink
		if header.Linkname, err = os.Readlink(file); err != nil {
			return err
		}
	case mode.IsRegular():
		header.Typeflag, header.Size = tar.TypeReg, info.Size()
	default:
		return nil // a socket, say
	}
	if err := to.WriteHeader(header); err != nil || header.Typeflag != tar.TypeReg {
		return err
	}
	in, err := os.Open(file) //nolint:gosec // a file of the project
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	_, err = io.Copy(to, in)
	return err
}
