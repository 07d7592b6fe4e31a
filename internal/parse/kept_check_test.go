package parse

import (
	"bytes"
	"encoding/gob"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecodeKept_whatKeepCannotHaveGiven(t *testing.T) {
	good := func() kept {
		return kept{Grammar: "g", Sums: make([]byte, 64), Looks: []byte{1, 2}, Counts: []int{1, 1}, Imports: []int{0, 1}, Lines: []at{4, 8}, Names: []string{"a", "b"}}
	}
	for name, spoil := range map[string]func(*kept){
		"":            func(*kept) {},
		"half a hash": func(k *kept) { k.Sums = k.Sums[:50] },
		"no count":    func(k *kept) { k.Counts = k.Counts[:1] },
		"negative":    func(k *kept) { k.Counts = []int{-1, 3} },
		"too many": func(k *kept) {
			k.Counts, k.Imports, k.Lines = []int{0, maxImports + 1}, make([]int, maxImports+1), make([]at, maxImports+1)
		},
		"more than said": func(k *kept) { k.Imports, k.Lines = append(k.Imports, 0), append(k.Lines, 0) },
		"no line":        func(k *kept) { k.Lines = k.Lines[:1] },
		"DAGs without":   func(k *kept) { k.Others = map[[32]byte]keptMore{{}: {Dags: []string{"a"}}} },
		"no such name":   func(k *kept) { k.Imports = []int{0, 2} },
		"no name at all": func(k *kept) { k.Names[1] = "../x" },
	} {
		k := good()
		spoil(&k)
		var b bytes.Buffer
		require.NoError(t, gob.NewEncoder(&b).Encode(k))
		_, usable := decodeKept(b.Bytes())
		assert.Equal(t, name == "", usable, name)
	}
}
