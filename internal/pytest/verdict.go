package pytest

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/dagferry/dagferry/internal/fault"
)

// The exit codes of pytest (its documentation's page on them).
const (
	passed      = 0
	failed      = 1
	interrupted = 2
	internal    = 3
	usage       = 4
	noTests     = 5
)

// take says what pytest's status means, and counts what its report has.
func (r *Result) take(o Options, s Suite, status int, last string) error {
	if len(r.JUnit) > 0 {
		if err := r.count(); err != nil {
			return err
		}
	}
	bad := r.Failed + r.Errors
	switch {
	case status == passed:
		return nil
	case len(r.JUnit) == 0 && strings.HasSuffix(last, ": No module named pytest"): // Python's own words
		return o.needsPytest()
	case bad > 0 && (status == failed || status == interrupted):
		return r.failure()
	case status == failed:
		return fault.Errorf(fault.Rejected, "%s: no test failed, but pytest ended as if one had: a plugin wants more, such as coverage. Its last lines:%s", s.Name, indented(last))
	case status == interrupted:
		return fault.Errorf(fault.Rejected, "%s: the tests were interrupted before their end, by a test or a plugin. The last lines:%s", s.Name, indented(last))
	case status == internal:
		return fault.Errorf(fault.Denied, "%s: pytest failed itself, or a plugin or a conftest.py did (exit status 3). Its last lines:%s", s.Name, indented(last))
	case status == usage:
		return fault.Errorf(fault.Denied, "%s: pytest does not start (exit status 4): a conftest.py cannot be imported, or an argument or setting is wrong. Its last lines:%s", s.Name, indented(last))
	case status == noTests:
		return r.none(o, s)
	default:
		return fault.Errorf(fault.Rejected, "%s: a test or a plugin ended pytest (%s), and so nobody knows how the others went. The last lines:%s", s.Name, ending(status), indented(last))
	}
}

// ending is a status as people know it; Python tells a signal as a negative one.
func ending(status int) string {
	if status < 0 {
		return fmt.Sprintf("signal %d", -status)
	}
	return fmt.Sprintf("exit status %d", status)
}

func (r *Result) failure() error {
	var what []string
	if r.Failed > 0 {
		what = append(what, fmt.Sprintf("%d of %d tests failed", r.Failed, r.Tests))
	}
	if r.Errors > 0 {
		what = append(what, fmt.Sprintf("%d could not be run", r.Errors))
	}
	first := r.Failures[0]
	remedy := ""
	if strings.Contains(first.Message, "include_examples") {
		remedy = ". Airflow 3.3 and later have no DagBag(include_examples=…) any more, and these tests are older: take that argument out of them"
	}
	return fault.Errorf(fault.Rejected, "%s: %s, the first is %s: %s%s", r.Suite, strings.Join(what, ", "), first.Test, first.Message, remedy)
}

// none passes if there is nothing to be found; if there is, somebody thinks that it is tested.
func (r *Result) none(o Options, s Suite) error {
	if file := testFile(o.Project, s.Paths); file != "" {
		return fault.Errorf(fault.Rejected, "%s: pytest found no test, though there is %s: see its arguments and the project's settings, such as python_files", s.Name, file)
	}
	r.Note = "there are none in " + strings.Join(s.Paths, ", ")
	return nil
}

// testFile is the first file that pytest would read by its own defaults, "" if there is none.
func testFile(project string, paths []string) (found string) {
	for _, p := range paths {
		root := filepath.Join(project, filepath.FromSlash(p))
		_ = filepath.WalkDir(root, func(file string, _ fs.DirEntry, err error) error { // what cannot be read is no file that is tested
			name := filepath.Base(file)
			if err != nil || found != "" || filepath.Ext(name) != ".py" {
				return nil //nolint:nilerr // see above
			}
			if info, err := os.Stat(file); err == nil && info.Size() > 0 && (strings.HasPrefix(name, "test_") || strings.HasSuffix(name, "_test.py")) {
				below, _ := filepath.Rel(root, file)
				found = path.Join(p, filepath.ToSlash(below))
			}
			return nil
		})
	}
	return found
}
