package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/syncer"
)

// Checks keeps a checker, with its worker process, for each kind of target, as long as the host lives.
type Checks struct {
	// Interpreter finds the Python interpreter; it is asked when the first check is made.
	Interpreter func() (string, error)
	// Validators reach who imports DAGs, by the scheme of their addresses: arn, https.
	Validators map[string]Reach

	mu       sync.Mutex
	checkers map[string]*parse.Checker
}

// Reach makes a client for the validator at an address.
type Reach func(ctx context.Context, address string) (validator.Transport, error)

// forTarget is the check of one target, whose state may have room for a bundle that a validator fetches.
func (c *Checks) forTarget(t config.Target, state validator.Depot) check { return check{c, t, state} }

// check is one target's. It implements syncer.Verdicts.
type check struct {
	checks *Checks
	target config.Target
	state  validator.Depot
}

func (c check) of(rt syncer.Runtime) (*parse.Checker, error) {
	return c.checks.checker(CheckOptions(c.target.Check, config.Runtime{Airflow: rt.Airflow, Python: rt.Python}))
}

// CheckOptions are what a target's configuration says of checks.
func CheckOptions(check config.Check, rt config.Runtime) parse.Options {
	o := parse.Options{
		Airflow: rt.Airflow, Python: rt.Python, Level: parse.Level(check.Level), Exclude: check.Exclude, Packages: check.Packages,
	}
	for _, r := range check.Rules {
		o.Rules = append(o.Rules, r.Setting())
	}
	return o
}

func (c check) do(ctx context.Context, rt syncer.Runtime, tree fs.FS) (parse.Report, error) {
	checker, err := c.of(rt)
	if err != nil {
		return parse.Report{}, err
	}
	report, err := checker.Check(ctx, tree)
	if err != nil || c.target.Check.Level != config.LevelImport {
		return report, err
	}
	report, err = c.imported(ctx, rt, tree, report)
	return checker.Imported(tree, report), err
}

// Prepare starts the worker.
func (c check) Prepare(rt syncer.Runtime) error {
	_, err := c.of(rt)
	return err
}

// Learn takes what an earlier process kept.
func (c check) Learn(ctx context.Context, rt syncer.Runtime, kept []byte) error {
	checker, err := c.of(rt)
	if err != nil {
		return err
	}
	return checker.Learn(ctx, kept)
}

// Keep is for a later process.
func (c check) Keep(ctx context.Context, rt syncer.Runtime, tree parse.Summed) ([]byte, error) {
	checker, err := c.of(rt)
	if err != nil {
		return nil, err
	}
	return checker.Keep(ctx, tree)
}

func (c *Checks) checker(o parse.Options) (*parse.Checker, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := fmt.Sprintf("%#v", o)
	if known := c.checkers[key]; known != nil {
		return known, nil
	}
	var err error
	if o.Interpreter, err = c.Interpreter(); err != nil {
		return nil, err
	}
	made, err := parse.New(o)
	if err != nil {
		return nil, err
	}
	if c.checkers == nil {
		c.checkers = map[string]*parse.Checker{}
	}
	c.checkers[key] = made
	return made, nil
}

// Close ends the workers.
func (c *Checks) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []error
	for _, checker := range c.checkers {
		all = append(all, checker.Close())
	}
	c.checkers = nil
	return errors.Join(all...)
}
