package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/dagferry/dagferry/internal/fault"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// File is the configuration's name, Line where it is in it (0 if unknown), Key what it is about.
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Key  string `json:"key,omitempty"`
	// Message says what is wrong and what to write instead.
	Message string `json:"message"`
}

func (p Problem) Error() string {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Key == "" {
		return place + ": " + p.Message
	}
	return place + ": " + p.Key + ": " + p.Message
}

// Problems are what is wrong with a configuration, as an error of this package tells it: none if it tells something else,
// such as that there is no such file.
func Problems(err error) []Problem {
	switch e := err.(type) { //nolint:errorlint // it is the tree of errors that is walked here
	case Problem:
		return []Problem{e}
	case interface{ Unwrap() error }:
		return Problems(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []Problem
		for _, one := range e.Unwrap() {
			all = append(all, Problems(one)...)
		}
		return all
	}
	return nil
}

// Load reads a configuration file.
func Load(path string) (Config, error) {
	text, err := readFile(path)
	if err != nil {
		return Config{}, fault.Errorf(fault.Denied, "read the configuration: %w", err)
	}
	return Parse(path, text)
}

// readFile reads as much of a file as Parse needs to tell that it is too large.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the caller names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}

// Parse reads a configuration; name is what its errors call it. All problems are told at once, each a Problem.
func Parse(name string, text []byte) (Config, error) {
	return parseText(&document{name: name}, text)
}

// parseText fills a document, whose name and origin are known.
func parseText(d *document, text []byte) (Config, error) {
	var c Config
	if !d.decode(text, &c) {
		return Config{}, d.err()
	}
	for i, t := range c.Targets {
		c.Targets[i] = t.withDefaults()
	}
	if c.Pipeline != nil {
		*c.Pipeline = c.Pipeline.withDefaults()
	}
	if !d.mistyped { // else the decoder took for something what is none
		d.validate(&c)
	}
	if len(d.problems) > 0 {
		return Config{}, d.err()
	}
	return c, nil
}

// decode reads a text into a struct, and notes unknown keys and values of other types. It is false if there is nothing to look
// at further.
func (d *document) decode(text []byte, into any) bool {
	if d.read(text); len(d.problems) > 0 {
		return false
	}
	d.checkKeys(into)
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil && !errors.Is(err, io.EOF) {
		if !d.mistyped { // else it is told already, with its whole key
			d.note(problem(d.name, err))
		}
		return false
	}
	return true
}
