package symbols

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// The files are called after the minor: data/3.1.gz. A file is a text of lines, each a word and what belongs to it,
// separated by spaces, sorted where order means nothing:
//
//	airflow 3.1.8
//	packages NAME...      what can be imported at the top
//	providers PACKAGE...  the providers that were there: airflow.providers.common.sql
//	arguments NAME...     of a callable; these lines are counted from 0
//	module MODULE NAME... a name may be followed by "=" and the number of its arguments' line, or have a mark before it
//
// The marks are "?" for a name that could not be had for want of something else, and alone for a whole such module, and
// "*" alone for a module that gives whatever it is asked for.
//
//go:embed data/*.gz
var data embed.FS

// contents is a file as read. A module's names are kept as they stand in the file: few of them are ever asked for.
type contents struct {
	minor     minor
	version   string
	packages  []string
	providers []string
	arguments [][]string
	modules   map[string]string
}

// loaded are the files that were read so far.
//
//nolint:gochecknoglobals // as data is one, which never changes
var loaded sync.Map

// indexed are the minors that there are files for, oldest first.
func indexed() (minors []minor) {
	files, _ := data.ReadDir("data") // it cannot fail: the folder is embedded
	for _, f := range files {
		if m, err := parseMinor(strings.TrimSuffix(f.Name(), ".gz")); err == nil {
			minors = append(minors, m)
		}
	}
	slices.SortFunc(minors, minor.compare)
	return minors
}

func load(m minor) (contents, error) {
	read := func() (contents, error) { return readFile(m) }
	once, _ := loaded.LoadOrStore(m, sync.OnceValues(read))
	return once.(func() (contents, error))()
}

func readFile(m minor) (contents, error) {
	text, err := inflate(path.Join("data", m.String()+".gz"))
	if err != nil {
		return contents{}, fmt.Errorf("read the index of Airflow %s: %w", m, err)
	}
	c, err := decode(text)
	if err != nil {
		return contents{}, fmt.Errorf("read the index of Airflow %s: %w", m, err)
	}
	c.minor = m
	return c, nil
}

func inflate(name string) (string, error) {
	packed, err := data.ReadFile(name)
	if err != nil {
		return "", err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	_, err = io.Copy(&b, r)
	return b.String(), err
}

var errMalformed = errors.New("it is malformed: run make symbols")

func decode(text string) (contents, error) {
	c := contents{modules: make(map[string]string, 2000)}
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "airflow":
			c.version = rest
		case "packages":
			c.packages = strings.Fields(rest)
		case "providers":
			c.providers = strings.Fields(rest)
		case "arguments":
			c.arguments = append(c.arguments, strings.Fields(rest))
		case "module":
			name, names, _ := strings.Cut(rest, " ")
			c.modules[name] = names
		default:
			return contents{}, errMalformed
		}
	}
	if c.version == "" || len(c.modules) == 0 {
		return contents{}, errMalformed
	}
	return c, nil
}
