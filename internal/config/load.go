package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/dagferry/dagferry/internal/fault"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// File is the configuration's name, Line where it is in it (0 if unknown), Key what it is about.
	File string
	Line int
	Key  string
	// Message says what is wrong and what to write instead.
	Message string
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

// Load reads a configuration file.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the caller names the file
	if err != nil {
		return Config{}, fault.Errorf(fault.Denied, "read the configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a configuration; name is what its errors call it. All problems are told at once, each a Problem.
func Parse(name string, data []byte) (Config, error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Config{}, fault.As(fault.Denied, problem(name, err))
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return Config{}, fault.As(fault.Denied, Problem{name, 0, "", "it must hold one YAML document with version and targets"})
	}
	d := &document{name: name, body: file.Docs[0].Body}
	d.checkKeys()
	var c Config
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		if !d.mistyped { // else it is told already, with its whole key
			d.problems = append(d.problems, problem(name, err))
		}
		return Config{}, fault.As(fault.Denied, errors.Join(d.problems...))
	}
	for i, t := range c.Targets {
		c.Targets[i] = t.withDefaults()
	}
	if !d.mistyped { // else the decoder took for something what is none
		d.validate(&c)
	}
	if len(d.problems) > 0 {
		return Config{}, fault.As(fault.Denied, errors.Join(d.problems...))
	}
	return c, nil
}

// problem tells a YAML library's error in one line.
func problem(name string, err error) Problem {
	var y yaml.Error
	if !errors.As(err, &y) {
		return Problem{name, 0, "", err.Error()}
	}
	p := Problem{File: name, Message: message(y)}
	if t := y.GetToken(); t != nil {
		p.Line = t.Position.Line
		if key := t.Prev; key != nil && key.Prev != nil && key.Value == ":" {
			p.Key = key.Prev.Value
		}
	}
	return p
}

// document is a parsed file, for telling where its problems are.
type document struct {
	name     string
	body     ast.Node
	problems []error
	// mistyped: one of the problems is a value of a wrong type.
	mistyped bool
}

// wrong notes a problem with the value of a key such as targets[0].guard.minFiles.
func (d *document) wrong(key, format string, args ...any) {
	d.problems = append(d.problems, Problem{d.name, d.line(key), key, fmt.Sprintf(format, args...)})
}

// line is where a key, or the nearest one around it that there is, has its value; 0 if there is none.
func (d *document) line(key string) int {
	for key != "" {
		if path, err := yaml.PathString("$." + key); err == nil {
			if node, err := path.FilterNode(d.body); err == nil && node != nil {
				return node.GetToken().Position.Line
			}
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return 1
}
