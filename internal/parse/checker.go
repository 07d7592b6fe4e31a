// Package parse says which Python files of a tree Airflow could not read, with file, line and caret, before they are
// deployed. The grammar is CPython's own: a worker process gets the bytes of one file after the other and answers
// what compile() thinks of them; it never runs what it reads. It lives as long as its Checker, that is, as a function
// instance, and is started again when a file kills it.
//
// What it knows of Airflow: which files it reads (.airflowignore in both dialects, safe mode, zips), and from where it
// imports. All Python files are checked. A broken one blocks if Airflow reads it, or if something that Airflow reads
// imports it; any other one, and what check.exclude names, warns.
package parse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/ignore"
)

// Options say how to check. Only Interpreter has no default.
type Options struct {
	// Airflow is the target's version, such as "3.1" or "2.11"; empty is the newest. It decides how .airflowignore
	// is read, which words safe mode looks for, and whether .PY counts as .py (for a DagBag it does from 3.3 on).
	Airflow string
	// Python is the target's version, such as "3.12"; empty is the interpreter's own. What is newer is a finding.
	Python string
	// Level is LevelSyntax, or LevelRules, which is the default. A real import is package validator's.
	Level Level
	// Rules are what is changed about the rules' severities.
	Rules []Setting
	// Packages are the lines of a requirements.txt, or of pip freeze: what the target's image has beside Airflow. nil says
	// that nobody knows, and then nothing is said about other packages.
	Packages []string
	// Exclude are check.exclude's patterns, gitignore-style: what is broken there warns.
	Exclude []string
	// IgnoreSyntax overrides the dialect of .airflowignore (Airflow's dag_ignore_file_syntax): Glob or Regexp.
	IgnoreSyntax IgnoreSyntax
	// Interpreter is the path of a Python executable, 3.8 or later; see Find.
	Interpreter string
	// MaxFileSize in bytes: a larger file is a finding. The default is DefaultMaxFileSize.
	MaxFileSize int64
	// FileTimeout bounds one file; the default is DefaultFileTimeout.
	FileTimeout time.Duration
	// Budget bounds the time that one Check parses, on average over the workers; the default is DefaultBudget. When
	// it is over, or after three files that stall or crash the parser, the others are not checked: a finding.
	Budget time.Duration
	// Memory in bytes bounds a worker's address space; the default is DefaultMemory.
	Memory int64
	// Workers is how many processes may parse at a time; the default is one for each processor.
	Workers int
}

const (
	// DefaultMaxFileSize is many times the largest DAG file that people write, and small enough for DefaultMemory
	// unless the file is dense: a megabyte of source takes 20 to 500 MB to compile.
	DefaultMaxFileSize = 4 << 20
	// DefaultFileTimeout is far above what a real file takes, 3 to 7 ms. Airflow's own 30 s (dagbag_import_timeout)
	// are for importing a file, which runs it.
	DefaultFileTimeout = 10 * time.Second
	// DefaultBudget is enough for the files of a large tree, and well within a run's lease.
	DefaultBudget = 60 * time.Second
	// DefaultMemory is 15 times what a worker takes for ordinary files, and fits into a 1 GB function.
	DefaultMemory = 512 << 20
)

// Checker checks trees. It may be used by several goroutines at a time.
type Checker struct {
	o        Options
	target   target
	exclude  *ignore.Rules
	settings []setting
	workers  *pool
	verdicts verdicts
	airflow  airflow
	packages packages

	mu      sync.Mutex
	missing map[symbol]fact // what is known of imports of Airflow
}

// New checks the options and starts a worker, without waiting for it to be ready.
func New(o Options) (*Checker, error) {
	t, err := newTarget(o)
	if err != nil {
		return nil, fault.As(fault.Denied, err)
	}
	settings, err := compileSettings(o.Rules)
	if err != nil {
		return nil, fault.As(fault.Denied, err)
	}
	exclude, err := ignore.New("", o.Exclude)
	if err != nil {
		return nil, fault.Errorf(fault.Denied, "read check.exclude: %w", err)
	}
	if o.Interpreter == "" {
		return nil, ErrNoInterpreter
	}
	o.MaxFileSize = cmp.Or(o.MaxFileSize, DefaultMaxFileSize)
	o.FileTimeout = cmp.Or(o.FileTimeout, DefaultFileTimeout)
	o.Budget = cmp.Or(o.Budget, DefaultBudget)
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	o.Workers = cmp.Or(max(o.Workers, 0), runtime.GOMAXPROCS(0))
	c := &Checker{o: o, target: t, exclude: exclude, settings: settings, workers: newPool(o, t.python)}
	if o.Level != LevelSyntax {
		if c.airflow, err = newAirflow(o.Airflow); err != nil {
			return nil, fault.Errorf(fault.Denied, "read what Airflow has: %w", err)
		}
		c.packages = newPackages(o.Packages, c.airflow.Packages())
	}
	if err := c.workers.warm(); err != nil {
		return nil, fault.As(fault.Denied, err)
	}
	return c, nil
}

// Close ends the workers. A Check at work fails; one that comes later does, too.
func (c *Checker) Close() error {
	c.workers.close()
	return nil
}

// Check reads the tree, a file at a time for each worker, and reports what is broken in it. Its error says that the
// tree could not be read, that the interpreter does not work, or that ctx ended; it is never about what a file holds.
func (c *Checker) Check(ctx context.Context, tree fs.FS) (Report, error) {
	found, err := c.discover(ctx, tree)
	if err != nil {
		return Report{}, err
	}
	all, err := c.checkFiles(ctx, tree, found.files)
	if err != nil {
		return Report{}, err
	}
	g := newGraph(all)
	g.follow()
	report := Report{Findings: []Finding{}} // in JSON [], not null
	for _, wrong := range found.wrong {
		report.Findings = append(report.Findings, c.findings(&module{file: wrong.file}, []fact{wrong.fact})...)
	}
	for _, m := range all {
		m.decide()
		if m.unread == "" && m.name != "" {
			report.Read = append(report.Read, cmp.Or(m.zip, m.path))
		}
		if m.nested && !m.reached {
			continue // Airflow does not look there
		}
		if m.name != "" && !m.passed {
			report.Checked = append(report.Checked, m.path)
		}
		report.Findings = append(report.Findings, c.findings(m, m.facts)...)
	}
	if m, f := passedFact(all); m != nil {
		report.Findings = append(report.Findings, c.findings(m, []fact{f})...)
	}
	more, err := c.rules(tree, g, found.files)
	report.Findings = append(report.Findings, more...)
	slices.SortFunc(report.Findings, compare)
	slices.Sort(report.Checked)
	report.Files = len(report.Checked)
	slices.Sort(report.Read)
	report.Read = slices.Compact(report.Read)
	return report, err
}

// checkFiles tells of each file what is in it, in their order.
func (c *Checker) checkFiles(ctx context.Context, tree fs.FS, files []file) ([]*module, error) {
	b := newBudget(c.o)
	modules := make([][]*module, len(files))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(c.o.Workers)
	size := c.batchSize(len(files))
	for first := 0; first < len(files); first += size {
		batch := files[first:min(first+size, len(files))]
		work.Go(func() (err error) {
			c.ahead(ctx, b, tree, batch)
			for i, f := range batch {
				if modules[first+i], err = c.checkFile(ctx, b, tree, f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := work.Wait()
	return slices.Concat(modules...), err
}

// checkFile checks one .py file, or the modules of a zip. Any other file has none.
func (c *Checker) checkFile(ctx context.Context, b *budget, tree fs.FS, f file) ([]*module, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if known, is := c.remembered(tree, f); is {
		return c.moduleOf(f, known), nil
	}
	if f.python && b.over() {
		m := &module{file: f, verdict: passed(), name: f.path, passed: true}
		m.unread = c.target.unread(f, m.look)
		return []*module{m}, nil
	}
	in, err := tree.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.path, err)
	}
	defer in.Close() //nolint:errcheck // it was only read
	if f.python {
		v, err := c.checkReader(ctx, b, f, in)
		return c.moduleOf(f, v), err
	}
	zipped, err := c.isZip(tree, f, in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	if !zipped && !f.archive {
		return nil, nil
	}
	return c.checkArchive(ctx, b, tree, f)
}

// moduleOf is the module that a Python file is.
func (c *Checker) moduleOf(f file, v verdict) []*module {
	if !f.python {
		return nil
	}
	return []*module{{file: f, verdict: v, name: f.path, unread: c.target.unread(f, v.look)}}
}

// errClosed is what a Check gets after Close.
var errClosed = errors.New("the checker is closed")
