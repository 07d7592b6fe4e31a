package parse

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// fact is what a worker says of a file. It knows neither the file's name nor what follows from the fact.
type fact struct {
	Rule    string `json:"rule"`
	Message string `json:"message"`
	Line    int    `json:"line"`   // from 1; 0 is unknown
	Column  int    `json:"column"` // from 1, in characters; 0 is unknown
	Source  string `json:"source"` // the line, or a part of it around the column
	Shown   int    `json:"shown"`  // where the column is in Source, from 0
	Width   int    `json:"width"`  // characters
}

// maxFacts is more than a worker says of a file.
const maxFacts = 100

// maxImports and maxImportLetters are what a worker says at most of one file; above it says that it imports anything.
const (
	maxImports       = 1000
	maxImportLetters = 400_000 // in bytes: 100,000 characters
)

// answer is what a worker says of a file.
type answer struct {
	Facts   []fact   `json:"facts"`
	Imports []string `json:"imports"`
}

// decodeAnswer reads a worker's answer. The worker reads what strangers wrote, so its word is not taken for anything.
func decodeAnswer(data []byte) (answer, error) {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return answer{}, fmt.Errorf("decode answer: %w", err)
	}
	if len(a.Facts) > maxFacts {
		return answer{}, errors.New("decode answer: it goes on and on")
	}
	for i := range a.Facts {
		if err := a.Facts[i].check(); err != nil {
			return answer{}, fmt.Errorf("decode answer: %w", err)
		}
		a.Facts[i].Message = printable(a.Facts[i].Message)
		a.Facts[i].Source = printable(a.Facts[i].Source)
	}
	if err := checkImports(a.Imports); err != nil {
		return answer{}, fmt.Errorf("decode answer: %w", err)
	}
	return a, nil
}

// checkImports knows no more of the names than that they are compared with those of files.
func checkImports(names []string) error {
	if len(names) > maxImports {
		return fmt.Errorf("%d imports are too many", len(names))
	}
	letters := 0
	for _, name := range names {
		letters += len(name)
		if name == "" || strings.ContainsAny(name, "/\\\x00") || letters > maxImportLetters {
			return errors.New("an import is none, or they are too long")
		}
	}
	return nil
}

func (f fact) check() error {
	switch f.Rule {
	case RuleSyntax, RuleEncoding, RuleNewer, RuleTooComplex:
	default:
		return fmt.Errorf("there is no rule %q", f.Rule)
	}
	if f.Line < 0 || f.Column < 0 || f.Shown < 0 || f.Width < 0 || f.Shown > utf8.RuneCountInString(f.Source) {
		return errors.New("a position is out of range")
	}
	return nil
}

// findings are the facts as they are told of this file.
func (f file) findings(facts ...fact) []Finding {
	var findings []Finding
	for _, fact := range facts {
		finding := Finding{
			Path: f.path, Line: fact.Line, Column: fact.Column, Rule: fact.Rule, Severity: Block,
			Message: fact.Message, Source: fact.Source,
		}
		if fact.Source != "" && fact.Column > 0 {
			finding.Caret = caret(fact.Source, fact.Shown, fact.Width)
		}
		if f.spared != "" {
			finding.Severity = Warn
			finding.Message += " (" + f.spared + ")"
		}
		findings = append(findings, finding)
	}
	return findings
}
