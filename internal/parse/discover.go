package parse

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// file is something to be checked.
type file struct {
	path     string
	python   bool   // by its name; anything else may be a zip
	archive  bool   // by its name, a zip
	ignored  string // the line of an .airflowignore that leaves it out
	excluded string // check.exclude's pattern
	spared   string // why what is wrong with it only warns; "" blocks
}

// found is what a walk over the tree found.
type found struct {
	files []file
	wrong []told // with the ignore files
}

// told is something to be said of a file.
type told struct {
	file
	fact
}

// ignoreFile is the name that Airflow looks for in each directory.
const ignoreFile = ".airflowignore"

// maxIgnoreFile bounds what is read of an .airflowignore: many times the longest that people write.
const maxIgnoreFile = 1 << 20

// walk lists what Airflow might read, directory by directory, as its find_path_from_directory does. Ignored directories
// are walked, too: what is in them may be imported, and what is broken there is worth a warning. Links to directories
// are not followed: a bundle has none.
type walk struct {
	*Checker
	tree   fs.FS
	ignore ignoreReader
	found
}

func (c *Checker) discover(ctx context.Context, tree fs.FS) (found, error) {
	w := walk{Checker: c, tree: tree, ignore: ignoreReader{tree: tree, target: c.target}}
	if err := w.dir(ctx, ".", nil, ""); err != nil {
		return found{}, fmt.Errorf("list files to check: %w", err)
	}
	return w.found, nil
}

// dir lists a directory below which these rules hold, or which a rule prunes. A pruned one's own rules are not read.
func (w *walk) dir(ctx context.Context, name string, rules ignoreRules, pruned string) error {
	entries, err := fs.ReadDir(w.tree, name)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if pruned == "" {
		var wrong []told
		if rules, wrong, err = w.ignore.read(name, rules); err != nil {
			return err
		}
		w.wrong = append(w.wrong, wrong...)
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		ignored := pruned
		if rule, matched := rules.match(below, entry.IsDir()); matched && pruned == "" {
			ignored = rule
		}
		if entry.IsDir() {
			err = w.dir(ctx, below, rules, ignored)
		} else if entry.Name() != ignoreFile && isFile(w.tree, below, entry) {
			w.files = append(w.files, w.candidate(below, ignored))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// candidate is what the name of a file tells.
func (w *walk) candidate(name, ignored string) file {
	f := file{path: name, ignored: ignored}
	suffix := path.Ext(name)
	if path.Base(name) == suffix {
		suffix = "" // Python's: ".py" has none
	}
	f.python = suffix == ".py" || w.target.upperCase && strings.EqualFold(suffix, ".py")
	f.archive = strings.EqualFold(suffix, ".zip")
	if rule, excluded := w.exclude.Match(name); excluded {
		f.excluded = rule
	}
	return f
}

// unread is why Airflow does not read a file as one of DAGs, "" if it does.
func (t target) unread(f file, l look) string {
	switch {
	case f.ignored != "":
		return fmt.Sprintf("%s has %q", ignoreFile, f.ignored)
	case !f.python && l&isZip == 0:
		return "it is neither Python nor a zip"
	default:
		return t.skips(l)
	}
}

// isFile follows links, as Airflow does.
func isFile(tree fs.FS, name string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}
	info, err := fs.Stat(tree, name)
	return err == nil && info.Mode().IsRegular()
}
