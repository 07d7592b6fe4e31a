package parse

import (
	"errors"
	"fmt"
	"strings"
	"unique"
)

// where is whether something runs when its file is imported, as observe.py has it.
type where uint8

const (
	always where = iota
	loop         // any number of times
	later        // when somebody calls the function that it is in
	maybe        // below if, try and their like
)

// at is a line, and whether what stands there runs: line*4 + where.
type at int32

func (a at) line() int    { return int(a >> 2) }
func (a at) where() where { return where(a & 3) }

// imported is a module ("a.b", with dots before a relative one), or what is taken from it ("a.b:c", "a.b:*").
type imported struct {
	name string
	at   at
}

// parts are the dots of a relative import, the module, and what is taken from it.
func (i imported) parts() (dots int, module, name string) {
	module, name, _ = strings.Cut(i.name, ":")
	relative := strings.TrimLeft(module, ".")
	return len(module) - len(relative), relative, name
}

// dotted is the module and what is taken from it, with the dots before it.
func (i imported) dotted() string {
	dots, module, name := i.parts()
	if module != "" && name != "" {
		module += "."
	}
	return strings.Repeat(".", dots) + module + name
}

// named is an id, and the line where it is.
type named struct {
	id   string
	line int32
}

// says is what a file says of itself, as far as other files matter for it.
type says struct {
	imports  []imported
	anything bool // it imports by names made while it runs: nobody can tell what
	dags     []named
	ignores  []named // rules that it wants to hear nothing of, in these lines
}

// call is a call of something that belongs to Airflow, with its arguments' names.
type call struct {
	Name      string   `json:"name"`
	Where     where    `json:"where"`
	Arguments []string `json:"arguments"`
	Lines     []int32  `json:"lines"`
}

// answer is what a worker says of a file. The nth of a name has the nth line.
type answer struct {
	Facts       []fact   `json:"facts"`
	Anything    bool     `json:"anything"`
	Imports     []string `json:"imports"`
	ImportsAt   []at     `json:"importsAt"`
	Dags        []string `json:"dags"`
	DagLines    []int32  `json:"dagLines"`
	Crons       []string `json:"crons"`
	CronsAt     []at     `json:"cronsAt"`
	Calls       []call   `json:"calls"`
	Ignores     []string `json:"ignores"`
	IgnoreLines []int32  `json:"ignoreLines"`
}

// says is what is remembered of the answer. The standard library comes first on Python's path, and is there.
func (a answer) says() says {
	s := says{anything: a.Anything, dags: pairs(a.Dags, a.DagLines), ignores: pairs(a.Ignores, a.IgnoreLines)}
	for i, name := range a.Imports {
		if module, _, _ := strings.Cut(name, ":"); !isStandard(module) {
			s.imports = append(s.imports, imported{unique.Make(name).Value(), a.ImportsAt[i]}) // most files import the same
		}
	}
	return s
}

func pairs(names []string, lines []int32) []named {
	var all []named
	for i, name := range names {
		all = append(all, named{name, lines[i]})
	}
	return all
}

// maxImports and maxImportLetters are what a worker says at most of one file; above it says that it imports anything.
const (
	maxImports       = 1000
	maxImportLetters = 400_000 // in bytes: 100,000 characters
)

func (a answer) check() error {
	if len(a.Facts) > maxFacts {
		return errors.New("it goes on and on")
	}
	for _, f := range a.Facts {
		if err := f.check(); err != nil {
			return err
		}
	}
	if len(a.Imports) != len(a.ImportsAt) || len(a.Dags) != len(a.DagLines) || len(a.Crons) != len(a.CronsAt) || len(a.Ignores) != len(a.IgnoreLines) {
		return errors.New("names and lines do not fit together")
	}
	for _, c := range a.Calls {
		if len(c.Arguments) != len(c.Lines) {
			return errors.New("arguments and lines do not fit together")
		}
	}
	return checkImports(a.Imports)
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
