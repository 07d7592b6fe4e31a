package parse

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
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

// note is something in a file, and where: "180 text" says in line 45, always.
type note struct {
	at   at
	text string
}

func (n *note) UnmarshalText(text []byte) error {
	number, rest, _ := strings.Cut(string(text), " ")
	at, err := parseNumber[at](number)
	*n = note{at, rest}
	return err
}

// UnmarshalText reads "45 id".
func (n *named) UnmarshalText(text []byte) error {
	number, rest, _ := strings.Cut(string(text), " ")
	line, err := parseNumber[int32](number)
	*n = named{rest, line}
	return err
}

// call is a call of something that belongs to Airflow, with its arguments' names and their lines.
type call struct {
	name      string
	where     where
	arguments []named
}

// UnmarshalText reads "0 airflow.sdk.DAG dag_id:45 schedule:46"; the first number is where.
func (c *call) UnmarshalText(text []byte) error {
	words := strings.Split(string(text), " ")
	if len(words) < 2 {
		return errors.New("a call has no name")
	}
	where, err := parseNumber[where](words[0])
	*c = call{name: words[1], where: where, arguments: make([]named, len(words)-2)}
	for i, word := range words[2:] {
		id, number, _ := strings.Cut(word, ":")
		line, failed := parseNumber[int32](number)
		c.arguments[i], err = named{id, line}, cmp.Or(err, failed)
	}
	return err
}

// parseNumber reads a line, or where something is.
func parseNumber[T at | int32 | where](s string) (T, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err == nil && uint64(T(n)) != n {
		err = fmt.Errorf("%d is too much", n)
	}
	return T(n), err
}

// answer is what a worker says of a file.
type answer struct {
	Facts    []fact  `json:"facts"`
	Anything bool    `json:"anything"`
	Imports  []note  `json:"imports"`
	Dags     []named `json:"dags"`
	Crons    []note  `json:"crons"`
	Calls    []call  `json:"calls"`
	Ignores  []named `json:"ignores"`
}

// says is what is remembered of the answer. The standard library comes first on Python's path, and is there.
func (a answer) says() says {
	s := says{anything: a.Anything, dags: a.Dags, ignores: a.Ignores}
	for _, i := range a.Imports {
		if module, _, _ := strings.Cut(i.text, ":"); !isStandard(module) {
			s.imports = append(s.imports, imported{unique.Make(i.text).Value(), i.at}) // most files import the same
		}
	}
	return s
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
	var names []string
	for _, i := range a.Imports {
		names = append(names, i.text)
	}
	return checkImports(names)
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
