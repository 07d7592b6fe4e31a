package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// filesPerFolder makes 640 folders of 20,000 files.
const filesPerFolder = 31.25

// meanSize is of the files in bytes, the empty __init__.py of each folder included.
const meanSize = 3994 // 3.9 KiB

// file is one of a tree. Its key begins with dags/.
type file struct {
	key      string
	data     []byte
	modified time.Time
}

// newTree makes a tree of as many files, the same for the same seed. The files of a smaller tree are not those of a
// larger one.
func newTree(seed uint64, files int) []file {
	folders := max(int(math.Ceil(float64(files)/filesPerFolder)), 1)
	v := newVocabulary()
	tree := make([]file, 0, files)
	for i := range files {
		r := rand.New(rand.NewPCG(seed, uint64(files)<<32|uint64(i))) //nolint:gosec // files that are the same in each run
		f := file{modified: time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)}
		name, data := newFile(r, v, i/folders, i)
		f.key, f.data = "dags/"+v.folder(i%folders)+"/"+name, data
		tree = append(tree, f)
	}
	return tree
}

// folder is team/domain/stage: 16 × 8 × 5 are 640.
func (v *vocabulary) folder(i int) string {
	return fmt.Sprintf("%s/%s/%s", v.teams[i%16], v.domains[i/16%8], v.stages[i/128%5])
}

// newFile is the nth file of a folder: the first is an empty __init__.py, and of the others one in 16 is SQL and one
// in 32 YAML.
func newFile(r *rand.Rand, v *vocabulary, n, i int) (string, []byte) {
	if n == 0 {
		return "__init__.py", nil
	}
	name := fmt.Sprintf("%s_%s_%05d", pick(r, v.verbs), pick(r, v.nouns), i)
	size := sizeOf(r)
	switch kind := r.IntN(32); {
	case kind < 2:
		return name + ".sql", newSQL(r, v, size)
	case kind < 3:
		return name + ".yaml", newYAML(r, v, size)
	default:
		return name + ".py", newDag(r, v, name, size)
	}
}

// sizeOf is log-normal, as sizes of source files are: the median is two thirds of the mean.
func sizeOf(r *rand.Rand) int {
	const sigma = 0.9
	mean := meanSize * filesPerFolder / (filesPerFolder - 1) // the first of each folder is empty
	mu := math.Log(mean) - sigma*sigma/2
	return min(max(int(math.Exp(mu+sigma*r.NormFloat64())), 700), 64<<10)
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }
