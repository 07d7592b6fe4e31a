package parse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// checkReader checks the contents of one file.
func (c *Checker) checkReader(ctx context.Context, b *budget, f file, in io.Reader) ([]Finding, error) {
	data, err := c.read(in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	return c.checkData(ctx, b, f, data)
}

// read reads a file, or as much of it as shows that it is too large.
func (c *Checker) read(in io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(in, c.o.MaxFileSize+1))
}

func (c *Checker) checkData(ctx context.Context, b *budget, f file, data []byte) ([]Finding, error) {
	if int64(len(data)) > c.o.MaxFileSize {
		return f.findings(fact{Rule: RuleTooLarge, Message: fmt.Sprintf("it is larger than %s, and so is not checked", size(c.o.MaxFileSize))}), nil
	}
	facts, err := c.facts(ctx, b, data)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", f.path, err)
	}
	return f.findings(facts...), nil
}

// facts asks a worker, or remembers. A worker that died is asked again: it may not have been this file's fault.
func (c *Checker) facts(ctx context.Context, b *budget, data []byte) ([]fact, error) {
	key := hash(data)
	if facts, known := c.verdicts.get(key); known {
		return facts, nil
	}
	w, err := c.workers.get(ctx)
	if err != nil {
		return nil, err
	}
	defer c.workers.put(w)
	began := time.Now()
	defer func() { b.spend(time.Since(began)) }()
	facts, err := w.ask(ctx, data)
	var crash *crashError
	if errors.As(err, &crash) {
		facts, err = w.ask(ctx, data)
	}
	switch {
	case err == nil:
		c.verdicts.put(key, facts)
		return facts, nil
	case errors.As(err, &crash):
		b.strike()
		return []fact{{Rule: RuleCrash, Message: "it kills Python's parser: " + crash.reason}}, nil
	case errors.Is(err, errStalled):
		b.strike()
		return []fact{{Rule: RuleStall, Message: fmt.Sprintf("parsing it takes longer than %v", c.o.FileTimeout)}}, nil
	default:
		return nil, err
	}
}

// size is a number of bytes for people.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%.0f MB", float64(n)/(1<<20))
}
