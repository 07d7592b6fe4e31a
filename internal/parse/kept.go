package parse

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
)

// Summed is a tree that knows the hashes of its files' contents. What is known of contents by their hash then needs no
// look at them.
type Summed interface {
	fs.FS
	// Sum is the hash of a file's contents, if it is known.
	Sum(name string) (sum [sha256.Size]byte, known bool)
}

// kept is what is known of the files of a tree, for a later Checker of the same grammar. Of the nth file there are the
// nth hash, look, and number of imports.
type kept struct {
	// Grammar is all that facts depend on besides the contents.
	Grammar string
	Sums    []byte // one after the other
	Looks   []byte
	Counts  []int
	Imports []int    // of all files, one after the other: indices into Names
	Lines   []at     // of the imports
	Names   []string // of modules, each once
	Others  map[[sha256.Size]byte]keptMore
}

// keptMore is what few files have, or what differs in each.
type keptMore struct {
	Facts     []fact
	Anything  bool
	Dags      []string
	DagLines  []int32
	Ignores   []string
	IgnoreFor []int32
}

// Learn has the checker remember what Keep of another one gave, in another process maybe. What another grammar found, or
// what cannot be read, is passed over: then everything is parsed.
func (c *Checker) Learn(ctx context.Context, data []byte) error {
	if len(data) == 0 || c.verdicts.any() {
		return nil
	}
	grammar, err := c.grammar(ctx)
	if err != nil {
		return err
	}
	k, usable := decodeKept(data)
	if !usable || k.Grammar != grammar {
		return nil
	}
	for i := range k.Looks {
		sum, v := k.file(i)
		c.verdicts.put(sum, v)
	}
	return nil
}

// file takes the next file, which is the nth.
func (k *kept) file(n int) ([sha256.Size]byte, verdict) {
	sum := [sha256.Size]byte(k.Sums[n*sha256.Size:])
	more := k.Others[sum]
	v := verdict{facts: more.Facts, look: look(k.Looks[n])}
	v.anything, v.dags, v.ignores = more.Anything, pairs(more.Dags, more.DagLines), pairs(more.Ignores, more.IgnoreFor)
	if count := k.Counts[n]; count > 0 {
		v.imports = make([]imported, count)
		for i, name := range k.Imports[:count] {
			v.imports[i] = imported{k.Names[name], k.Lines[i]}
		}
		k.Imports, k.Lines = k.Imports[count:], k.Lines[count:]
	}
	return sum, v
}

func pairs(names []string, lines []int32) []named {
	var all []named
	for i, name := range names {
		all = append(all, named{name, lines[i]})
	}
	return all
}

// decodeKept reads what Keep gave. What no worker says makes it unusable.
func decodeKept(data []byte) (k kept, usable bool) {
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&k); err != nil {
		return k, false
	}
	return k, k.check() == nil
}

func (k *kept) check() error {
	var all []error
	for _, more := range k.Others {
		if len(more.Dags) != len(more.DagLines) || len(more.Ignores) != len(more.IgnoreFor) {
			return errKept
		}
		for _, f := range more.Facts {
			all = append(all, f.check())
		}
	}
	imports := 0
	for _, n := range k.Counts {
		if n < 0 || n > maxImports {
			return errKept
		}
		imports += n
	}
	if len(k.Sums) != len(k.Looks)*sha256.Size || len(k.Counts) != len(k.Looks) || imports != len(k.Imports) || imports != len(k.Lines) {
		return errKept
	}
	for _, n := range k.Imports {
		if n < 0 || n >= len(k.Names) {
			return errKept
		}
	}
	for _, name := range k.Names {
		all = append(all, checkImports([]string{name}))
	}
	return errors.Join(all...)
}

// errKept is about what Keep cannot have given.
var errKept = errors.New("the counts of what was kept do not fit together")

// keeper makes what is kept.
type keeper struct {
	kept
	files map[[sha256.Size]byte]bool
	names map[string]int
}

func (k *keeper) add(sum [sha256.Size]byte, v verdict) {
	if k.files[sum] {
		return
	}
	k.files[sum] = true
	k.Sums = append(k.Sums, sum[:]...)
	k.Looks = append(k.Looks, byte(v.look))
	k.Counts = append(k.Counts, len(v.imports))
	for _, i := range v.imports {
		n, known := k.names[i.name]
		if !known {
			n = len(k.Names)
			k.names[i.name] = n
			k.Names = append(k.Names, i.name)
		}
		k.Imports, k.Lines = append(k.Imports, n), append(k.Lines, i.at)
	}
	if len(v.facts) > 0 || v.anything || len(v.dags) > 0 || len(v.ignores) > 0 {
		more := keptMore{Facts: v.facts, Anything: v.anything}
		more.Dags, more.DagLines = apart(v.dags)
		more.Ignores, more.IgnoreFor = apart(v.ignores)
		k.Others[sum] = more
	}
}

// apart is the opposite of pairs.
func apart(all []named) (names []string, lines []int32) {
	for _, n := range all {
		names, lines = append(names, n.id), append(lines, n.line)
	}
	return names, lines
}

// Keep is what is known of the tree's files, for Learn.
func (c *Checker) Keep(ctx context.Context, tree Summed) ([]byte, error) {
	grammar, err := c.grammar(ctx)
	if err != nil {
		return nil, err
	}
	k := keeper{
		kept:  kept{Grammar: grammar, Others: map[[sha256.Size]byte]keptMore{}},
		files: map[[sha256.Size]byte]bool{}, names: map[string]int{},
	}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if sum, summed := tree.Sum(name); summed {
			if v, known := c.verdicts.get(sum); known {
				k.add(sum, v)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("keep what is known of the files: %w", err)
	}
	var out bytes.Buffer
	err = gob.NewEncoder(&out).Encode(k.kept)
	return out.Bytes(), err
}

// grammar waits for the interpreter to say which it is.
func (c *Checker) grammar(ctx context.Context) (string, error) {
	w, err := c.workers.get(ctx)
	if err != nil {
		return "", err
	}
	defer c.workers.put(w)
	if err := w.ready(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x %s %d %d %d %s %s %s %s", sha256.Sum256([]byte(workerSource)), w.now.greeting, c.target.python,
		c.o.MaxFileSize, c.o.Memory, c.o.FileTimeout, c.o.Level, c.o.Airflow, c.indexVersion()), nil
}

// remembered is what is known of a file without looking into it. Of one that is not Python by its name, it suffices
// that it is no zip.
func (c *Checker) remembered(tree fs.FS, f file) (verdict, bool) {
	sum, summed := sumOf(tree, f)
	if !summed || f.archive {
		return verdict{}, false
	}
	v, known := c.verdicts.get(sum)
	if f.python {
		return v, known && v.look&isParsed != 0
	}
	return v, known && v.look&isZip == 0
}

// isZip looks whether a file that is not Python by its name is a zip, and remembers.
func (c *Checker) isZip(tree fs.FS, f file, in fs.File) (bool, error) {
	zipped, err := isZipFile(in)
	if sum, summed := sumOf(tree, f); err == nil && summed && !zipped {
		c.verdicts.put(sum, verdict{})
	}
	return zipped, err
}

func sumOf(tree fs.FS, f file) (sum [sha256.Size]byte, summed bool) {
	if t, is := tree.(Summed); is {
		return t.Sum(f.path)
	}
	return sum, false
}

// indexVersion is the version of Airflow that facts are about.
func (c *Checker) indexVersion() string {
	if c.airflow.Index == nil {
		return ""
	}
	return c.airflow.Version()
}
