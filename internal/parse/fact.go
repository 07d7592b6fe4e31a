package parse

import (
	"encoding/json"
	"errors"
	"fmt"
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

// decodeFacts reads a worker's answer. The worker reads what strangers wrote, so its word is not taken for anything.
func decodeFacts(answer []byte) ([]fact, error) {
	var facts []fact
	if err := json.Unmarshal(answer, &facts); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	if len(facts) > maxFacts {
		return nil, errors.New("decode answer: it goes on and on")
	}
	for i := range facts {
		if err := facts[i].check(); err != nil {
			return nil, fmt.Errorf("decode answer: %w", err)
		}
		facts[i].Message = printable(facts[i].Message)
		facts[i].Source = printable(facts[i].Source)
	}
	return facts, nil
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
