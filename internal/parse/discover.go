package parse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// file is something to be checked.
type file struct {
	path    string
	archive bool   // a zip
	spared  string // why what is wrong with it only warns; "" blocks
}

// found is what a walk over the tree found.
type found struct {
	files    []file
	findings []Finding
}

// ignoreFile is the name that Airflow looks for in each directory.
const ignoreFile = ".airflowignore"

// maxIgnoreFile bounds what is read of an .airflowignore: many times the longest that people write.
const maxIgnoreFile = 1 << 20

// discover lists what Airflow might read, directory by directory. Ignored directories are walked, too: what is
// broken there is worth a warning. Links to directories are not followed: a bucket has none.
func (c *Checker) discover(ctx context.Context, tree fs.FS) (found, error) {
	var out found
	rules := newIgnoreRules(c.target.syntax)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if entry.IsDir() {
			findings, err := readIgnoreFile(tree, name, rules)
			out.findings = append(out.findings, findings...)
			return err
		}
		if f, ok := c.candidate(name, rules); ok && isFile(tree, name, entry) {
			out.files = append(out.files, f)
		}
		return nil
	})
	if err != nil {
		return found{}, fmt.Errorf("list files to check: %w", err)
	}
	return out, nil
}

// candidate tells whether Airflow might read a file of this name, and what leaves it out.
func (c *Checker) candidate(name string, rules ignoreRules) (file, bool) {
	f := file{path: name}
	switch suffix := path.Ext(name); {
	case suffix == ".py", c.target.upperCase && strings.EqualFold(suffix, ".py"):
	case strings.EqualFold(suffix, ".zip"):
		f.archive = true
	default:
		return file{}, false
	}
	if rule, excluded := c.exclude.Match(name); excluded {
		f.spared = fmt.Sprintf("check.exclude has %q", rule)
	} else if rule, ignored := rules.Match(name); ignored {
		f.spared = fmt.Sprintf("%s has %q", ignoreFile, rule)
	}
	return f, true
}

// isFile follows links, as Airflow does.
func isFile(tree fs.FS, name string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}
	info, err := fs.Stat(tree, name)
	return err == nil && info.Mode().IsRegular()
}
