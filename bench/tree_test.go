package main

import (
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTree_isAsPerformanceSays(t *testing.T) {
	for files, folders := range map[int]int{100: 4, 1000: 32, 20000: 640} {
		size, in, names := 0, map[string]bool{}, map[string]bool{}
		for _, f := range newTree(1, files) {
			size += len(f.data)
			in[path.Dir(f.key)], names[f.key] = true, true
		}
		assert.Len(t, names, files)
		assert.Len(t, in, folders)
		assert.InDelta(t, meanSize, size/files, meanSize/8, "of %d files", files)
	}
}

func TestTree_isTheSameForTheSameSeed(t *testing.T) {
	assert.Equal(t, newTree(7, 50), newTree(7, 50))
	assert.NotEqual(t, newTree(7, 50), newTree(8, 50))
}
