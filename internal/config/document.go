package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"

	"github.com/dagferry/dagferry/internal/fault"
)

// maxProblems is how many problems are told: a text that is no configuration at all can have one in every line.
const maxProblems = 100

// document is a parsed file, for telling where its problems are.
type document struct {
	name string
	// holds is what its top level has, for a message; "" is a dagferry.yaml's.
	holds string
	// fromBucket: whoever can write to the bucket that it is from can write it.
	fromBucket bool
	body       ast.Node
	anchors    map[string]ast.Node
	problems   []Problem
	// untold is how many more there are.
	untold int
	// mistyped: one of the problems is a value of a wrong type.
	mistyped bool
}

// read makes the document's tree, if the text is one YAML document that can be read at little cost.
func (d *document) read(text []byte) {
	if len(text) > MaxSize {
		d.note(Problem{d.name, 0, "", "it is larger than 1 MiB; no configuration is"})
		return
	}
	tokens := lexer.Tokenize(string(text))
	if line, why := unreadable(tokens); why != "" {
		d.note(Problem{d.name, line, "", why})
		return
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		d.note(problem(d.name, err))
		return
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		d.note(Problem{d.name, 0, "", "it must hold one YAML document with " + cmp.Or(d.holds, "version and targets")})
		return
	}
	d.body = file.Docs[0].Body
	if d.collectAnchors(); len(d.problems) == 0 && d.tooLarge() {
		d.note(Problem{d.name, 0, "", "it holds too many values, those that aliases stand for included; no configuration does"})
	}
}

// note keeps a problem, if there are not too many already.
func (d *document) note(p Problem) {
	if len(d.problems) == maxProblems {
		d.untold++
		return
	}
	d.problems = append(d.problems, p)
}

// wrong notes a problem with the value of a key such as targets[0].guard.minFiles.
func (d *document) wrong(key, format string, args ...any) {
	if len(d.problems) == maxProblems { // spares the search for its line
		d.untold++
		return
	}
	d.note(Problem{d.name, d.line(key), key, fmt.Sprintf(format, args...)})
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

// err is all problems, from the first line to the last.
func (d *document) err() error {
	slices.SortStableFunc(d.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	var all []error
	for _, p := range d.problems {
		all = append(all, p)
	}
	if d.untold > 0 {
		all = append(all, Problem{d.name, 0, "", fmt.Sprintf("there are %d more problems; fix these first", d.untold)})
	}
	return fault.As(fault.Denied, errors.Join(all...))
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
