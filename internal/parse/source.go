package parse

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"
)

// checkReader checks the contents of one file.
func (c *Checker) checkReader(ctx context.Context, b *budget, f file, in io.Reader) (verdict, error) {
	data, err := c.read(in)
	if err != nil {
		return verdict{}, fmt.Errorf("read %s: %w", f.path, err)
	}
	return c.checkData(ctx, b, f, data)
}

// read reads a file, or as much of it as shows that it is too large.
func (c *Checker) read(in io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(in, c.o.MaxFileSize+1))
}

func (c *Checker) checkData(ctx context.Context, b *budget, f file, data []byte) (verdict, error) {
	if int64(len(data)) > c.o.MaxFileSize {
		message := fmt.Sprintf("it is larger than %s, and so is not checked", size(c.o.MaxFileSize))
		return verdict{facts: []fact{{Rule: RuleTooLarge, Message: message}}, look: readAnyway}, nil
	}
	v, err := c.ask(ctx, b, data)
	if err != nil {
		return verdict{}, fmt.Errorf("check %s: %w", f.path, err)
	}
	return v, nil
}

// ask asks a worker, or remembers. A worker that died is asked again: it may not have been this file's fault.
func (c *Checker) ask(ctx context.Context, b *budget, data []byte) (verdict, error) {
	key := hash(data)
	if known, is := c.verdicts.get(key); is && known.look&isParsed != 0 {
		return known, nil
	}
	w, err := c.workers.get(ctx)
	if err != nil {
		return verdict{}, err
	}
	defer c.workers.put(w)
	began := time.Now()
	defer func() { b.spend(time.Since(began)) }()
	said, err := w.ask(ctx, data)
	var crash *crashError
	if errors.As(err, &crash) {
		said, err = w.ask(ctx, data)
	}
	v := verdict{look: lookAt(data) | isParsed}
	switch {
	case err == nil:
		return c.learn(key, data, said[0])
	case errors.As(err, &crash):
		b.strike()
		v.facts = []fact{{Rule: RuleCrash, Message: "it kills Python's parser: " + crash.reason}}
	case errors.Is(err, errStalled):
		b.strike()
		v.facts = []fact{{Rule: RuleStall, Message: fmt.Sprintf("parsing it takes longer than %v", c.o.FileTimeout)}}
	default:
		return verdict{}, err
	}
	return v, nil
}

// learn remembers what a worker said of contents.
func (c *Checker) learn(key [sha256.Size]byte, data []byte, said answer) (verdict, error) {
	more, err := c.literals(said, data)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{facts: append(said.Facts, more...), says: said.says(), look: lookAt(data) | isParsed}
	c.verdicts.put(key, v)
	return v, nil
}

// size is a number of bytes for people.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%.0f MB", float64(n)/(1<<20))
}
