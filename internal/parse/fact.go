package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
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
	Later   bool   `json:"later"`  // it comes true only when somebody calls a function
	Own     bool   `json:"own"`    // an operator that is not Airflow's, or arguments that nobody sees, decide
	Soft    string `json:"-"`      // why it only warns; "" leaves that to the rule
}

// maxFacts is more than a worker says of a file.
const maxFacts = 100

// decodeAnswer reads a worker's answer. The worker reads what strangers wrote, so its word is not taken for anything.
func decodeAnswer(data []byte) (answer, error) {
	var a answer
	err := json.Unmarshal(data, &a)
	if err == nil {
		err = a.check()
	}
	if err != nil {
		return answer{}, fmt.Errorf("decode answer: %w", err)
	}
	for i := range a.Facts {
		a.Facts[i].Message = printable(a.Facts[i].Message)
		a.Facts[i].Source = printable(a.Facts[i].Source)
	}
	return a, nil
}

func (f fact) check() error {
	switch f.Rule {
	case RuleSyntax, RuleEncoding, RuleNewer, RuleTooComplex,
		RuleDagID, RuleTaskID, RuleTaskTwice, RuleCron, RuleArgument, RuleCycle, RuleVariable, RuleMovingStart, RuleHeavy:
	default:
		return fmt.Errorf("there is no rule %q that a file's contents decide", f.Rule)
	}
	if f.Line < 0 || f.Column < 0 || f.Shown < 0 || f.Width < 0 || f.Shown > utf8.RuneCountInString(f.Source) {
		return errors.New("a position is out of range")
	}
	return nil
}

// located is a fact about a word in a line, which is looked for in the file's contents.
func located(rule, message string, line int, word string, data []byte) fact {
	f := fact{Rule: rule, Message: printable(message), Line: line}
	text, found := lineOf(data, line)
	if !found {
		return f
	}
	f.Source = printable(text)
	if at := wordIn(text, word); at >= 0 {
		f.Shown, f.Width = utf8.RuneCountInString(text[:at]), utf8.RuneCountInString(word)
		f.Column = f.Shown + 1
	}
	return f
}

// wordIn is where a word begins in a line, or where its letters do, or -1.
func wordIn(line, word string) int {
	part := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; word != ""; {
		at := strings.Index(line[from:], word)
		if at < 0 {
			break
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(line[:at])
		after, size := utf8.DecodeRuneInString(line[at+len(word):])
		if !part(before) && (size == 0 || !part(after)) {
			return at
		}
		from = at + len(word)
	}
	if word == "" {
		return -1
	}
	return strings.Index(line, word)
}

// maxSource bounds the line that a fact shows, in bytes; of a longer one nothing is shown.
const maxSource = 500

// lineOf is a line of a file that is UTF-8, counted as Python does.
func lineOf(data []byte, line int) (string, bool) {
	for range line - 1 {
		end := bytes.IndexAny(data, "\r\n")
		if end < 0 {
			return "", false
		}
		if bytes.HasPrefix(data[end:], []byte("\r\n")) {
			end++
		}
		data = data[end+1:]
	}
	if end := bytes.IndexAny(data, "\r\n"); end >= 0 {
		data = data[:end]
	}
	return string(data), line > 0 && len(data) <= maxSource && utf8.Valid(data)
}
