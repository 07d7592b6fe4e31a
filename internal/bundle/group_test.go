package bundle

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A file that comes, goes or grows changes its own group, and at most one beside it.
func TestGroups_oneFileChangesFew(t *testing.T) {
	var files []File
	for i := range 2000 {
		files = append(files, File{Path: fmt.Sprintf("team/dag_%05d.py", 2*i), Size: 3900})
	}
	names := func(files []File) map[string]bool {
		all := map[string]bool{}
		for _, g := range groups(files) {
			name := ""
			for _, f := range files[g.from:g.to] {
				name += fmt.Sprintln(f.Path, f.Size)
			}
			all[name] = true
		}
		return all
	}
	before := names(files)
	assert.InDelta(t, 2000/groupFiles, len(before), 15)
	for i := range 200 {
		i *= 10
		other := slices.Insert(slices.Clone(files), i, File{Path: fmt.Sprintf("team/dag_%05d.py", 2*i-1), Size: 3900})
		fresh := 0
		for name := range names(other) {
			if !before[name] {
				fresh++
			}
		}
		assert.LessOrEqual(t, fresh, 2, "a file before %d", i)
	}
}

func TestGroups_largeFilesAreAlone(t *testing.T) {
	files := []File{{Path: "a", Size: 10}, {Path: "b", Size: largeFile - 1}, {Path: "c", Size: largeFile}, {Path: "d", Size: 1}, {Path: "e", Size: 1}}
	assert.Equal(t, []group{{0, 2}, {2, 3}, {3, 5}}, groups(files))
	assert.Empty(t, groups(nil))
}
