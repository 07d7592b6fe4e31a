package pytest

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/dagferry/dagferry/internal/fault"
)

// Suite is what is given to pytest at a time. The parse tests of Astro's template change os.getenv and more for their whole process, and so they have
// one of their own.
type Suite struct {
	// Name is pytest or parse tests.
	Name string
	// Paths are files and folders of the project.
	Paths []string
	// Args are arguments of pytest's besides.
	Args []string
}

// Result is how a suite went.
type Result struct {
	Suite string `json:"suite"`
	// Tests counts all, Failed those that failed, Errors what could not be tested: setups and teardowns that fail, files that cannot be imported.
	Tests   int     `json:"tests"`
	Failed  int     `json:"failed"`
	Errors  int     `json:"errors"`
	Skipped int     `json:"skipped"`
	Seconds float64 `json:"seconds"`
	// Failures are both kinds, in pytest's order.
	Failures []Failure `json:"failures"`
	// Note says why nothing was run, if so.
	Note string `json:"note,omitempty"`
	// Problem is what Run's error says, if it has one.
	Problem string `json:"problem,omitempty"`
	// JUnit is what pytest wrote, if it did.
	JUnit []byte `json:"-"`
}

// Failure is a test that failed, or could not be run.
type Failure struct {
	// Test is its name, with the module and the class before it; of a file that cannot be imported, the module.
	Test    string `json:"test"`
	Message string `json:"message"`
}

// Suites are the project's own: its tests (tests/ or what is named instead), and its parse tests (.astro/test_*.py, which astro dev init makes).
func Suites(project string, instead, args []string) (tests, parse Suite, err error) {
	tests = Suite{Name: "pytest", Args: args}
	for _, name := range instead {
		clean := path.Clean(filepath.ToSlash(name))
		if !filepath.IsLocal(filepath.FromSlash(clean)) || strings.HasPrefix(clean, "-") {
			return tests, parse, fault.Errorf(fault.Rejected, "find the tests %s: they have to be in the project, named from its folder", name)
		}
		if _, err := os.Stat(filepath.Join(project, filepath.FromSlash(clean))); err != nil {
			return tests, parse, fault.Errorf(fault.Rejected, "find the tests: %w", err)
		}
		tests.Paths = append(tests.Paths, clean)
	}
	if info, err := os.Stat(filepath.Join(project, "tests")); len(instead) == 0 && err == nil && info.IsDir() {
		tests.Paths = []string{"tests"}
	}
	parse = Suite{Name: "own parse tests"}
	found, err := filepath.Glob(filepath.Join(escaped(project), ".astro", "test_*.py"))
	for _, file := range found {
		parse.Paths = append(parse.Paths, ".astro/"+filepath.Base(file))
	}
	return tests, parse, err
}

// escaped is a path that a glob takes literally.
func escaped(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// Run has pytest run a suite. Tests that fail are Rejected, what keeps them from being run is Denied; the Result says what is known then, too. A suite without
// tests passes, and its Note says so.
func Run(ctx context.Context, o Options, s Suite) (Result, error) {
	r := Result{Suite: s.Name, Failures: []Failure{}}
	if len(s.Paths) == 0 {
		r.Note = "the project has none"
		return r, nil
	}
	var ended struct {
		Status  int
		Seconds float64
		JUnit   string
	}
	files, done := o.files(s)
	last, err := o.do(ctx, job{Do: "pytest", Replace: toBring(o.Project, s.Paths), Args: list(s.Args), Paths: s.Paths}, files, &ended)
	if broken := done(); broken != nil {
		err = broken
	}
	if err == nil {
		r.Seconds, r.JUnit = ended.Seconds, []byte(ended.JUnit)
		err = r.take(o, s, ended.Status, last)
	}
	if err != nil {
		r.Problem = err.Error()
	}
	return r, err
}

// files are those that a container is brought, as a tar. done says what kept them from being read.
func (o Options) files(s Suite) (files io.Reader, done func() error) {
	if o.Interpreter != "" {
		return strings.NewReader(""), func() error { return nil }
	}
	from, to := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := bring(o.Project, toBring(o.Project, s.Paths), to)
		_ = to.CloseWithError(err) // never fails
		ended <- err
	}()
	return from, func() error {
		_ = from.CloseWithError(errNotTaken) // never fails
		if err := <-ended; !errors.Is(err, errNotTaken) {
			return err
		}
		return nil
	}
}

// errNotTaken ends the tar that nobody reads any more: what did not read it says more.
var errNotTaken = errors.New("the container has ended")

// list is never null.
func list(s []string) []string { return append([]string{}, s...) }
