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

// kept is what is known of the files of a tree, for a later Checker of the same grammar.
type kept struct {
	// Grammar is all that facts depend on besides the contents.
	Grammar string
	// Clean are the hashes of the files about which there is nothing to say, one after the other.
	Clean []byte
	Facts map[[sha256.Size]byte][]fact
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
	for ; len(k.Clean) >= sha256.Size; k.Clean = k.Clean[sha256.Size:] {
		c.verdicts.put([sha256.Size]byte(k.Clean), nil)
	}
	for sum, facts := range k.Facts {
		c.verdicts.put(sum, facts)
	}
	return nil
}

// decodeKept reads what Keep gave. Facts that no worker says make it unusable.
func decodeKept(data []byte) (k kept, usable bool) {
	err := gob.NewDecoder(bytes.NewReader(data)).Decode(&k)
	for _, facts := range k.Facts {
		for _, f := range facts {
			err = errors.Join(err, f.check())
		}
	}
	return k, err == nil
}

// Keep is what is known of the tree's files, for Learn.
func (c *Checker) Keep(ctx context.Context, tree Summed) ([]byte, error) {
	grammar, err := c.grammar(ctx)
	if err != nil {
		return nil, err
	}
	k := kept{Grammar: grammar, Facts: map[[sha256.Size]byte][]fact{}}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		sum, summed := tree.Sum(name)
		switch facts, known := c.verdicts.get(sum); {
		case !summed || !known:
		case len(facts) == 0:
			k.Clean = append(k.Clean, sum[:]...)
		default:
			k.Facts[sum] = facts
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("keep what is known of the files: %w", err)
	}
	var out bytes.Buffer
	err = gob.NewEncoder(&out).Encode(k)
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
	return fmt.Sprintf("%x %s %d %d %d %s", sha256.Sum256([]byte(workerSource)), w.now.greeting, c.target.python, c.o.MaxFileSize, c.o.Memory, c.o.FileTimeout), nil
}

// remembered is what is known of a file without looking into it.
func (c *Checker) remembered(tree fs.FS, f file) ([]fact, bool) {
	summed, is := tree.(Summed)
	if !is || f.archive {
		return nil, false
	}
	sum, known := summed.Sum(f.path)
	if !known {
		return nil, false
	}
	return c.verdicts.get(sum)
}
