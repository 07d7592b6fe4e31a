package symbols_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse/symbols"
)

var pairs = flag.String("pairs", "one", "import the example DAGs of one version, or of all (make symbols-agree)")

// TestLookup_agreesWithImports imports the example DAGs of one Airflow by another, and wants the index to call exactly those
// broken that fail.
func TestLookup_agreesWithImports(t *testing.T) {
	for _, c := range []struct {
		of, by, root  string
		broken, total int
	}{
		{"2.11.2", "3.3.2", "airflow/2.11.2", 14, 62},
		{"2.7.3", "2.11.2", "venv/airflow-plain-2.7.3/lib/python3.11/site-packages", 0, 51},
		{"3.1.8", "3.3.2", "venv/airflow-plain-3.1.8/lib/python3.11/site-packages", 0, 87},
	} {
		t.Run(c.of+" by "+c.by, func(t *testing.T) {
			index, err := symbols.For(c.by)
			require.NoError(t, err)
			require.Equal(t, c.by, index.Version())
			files := imported(t, c.by, c.root)
			broken := 0
			for _, f := range files {
				lacks := f.lacks(index)
				assert.Equal(t, f.broken(), len(lacks) > 0, "%s: Airflow says %v, and the index that it lacks %v", f.File, f.Error, lacks)
				if f.broken() {
					broken++
				}
			}
			assert.Equal(t, c.broken, broken)
			assert.Len(t, files, c.total)
		})
		if *pairs != "all" {
			break
		}
	}
}

type file struct {
	File    string
	Imports [][2]string
	Error   []string
}

// broken says whether an import failed. Files also fail for want of a database.
func (f file) broken() bool {
	return f.Error != nil && (f.Error[0] == "ImportError" || f.Error[0] == "ModuleNotFoundError")
}

// lacks are the imports that the index says cannot work.
func (f file) lacks(index *symbols.Index) (lacks [][2]string) {
	for _, i := range f.Imports {
		if a := index.Lookup(i[0], i[1]); a == symbols.NoModule || a == symbols.NoName {
			lacks = append(lacks, i)
		}
	}
	return lacks
}

func imported(t *testing.T, by, root string) (files []file) {
	cache, err := filepath.Abs("../../../.cache")
	require.NoError(t, err)
	python := filepath.Join(cache, "venv", "airflow-plain-"+by, "bin", "python")
	_, err = os.Stat(python)
	require.NoError(t, err, "run `make tools`")
	cmd := exec.Command(python, filepath.Join("testdata", "imports.py"), filepath.Join(cache, root))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	for scan := bufio.NewScanner(bytes.NewReader(out)); scan.Scan(); {
		var f file
		require.NoError(t, json.Unmarshal(scan.Bytes(), &f))
		files = append(files, f)
	}
	return files
}
