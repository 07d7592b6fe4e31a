package embedded

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterpreter_runs(t *testing.T) {
	path, err := Interpreter()
	require.NoError(t, err)
	out, err := exec.Command(path, "-I", "-c", "import sys; print(sys.version)").Output()
	require.NoError(t, err)
	version, _, _ := strings.Cut(Version, "-")
	assert.True(t, strings.HasPrefix(string(out), version), string(out))
}

func TestInterpreter_secondStartIsQuick(t *testing.T) {
	_, err := Interpreter()
	require.NoError(t, err)
	began := time.Now()
	_, err = Interpreter()
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 200*time.Millisecond)
}

func TestVersion_isThatOfGoMod(t *testing.T) {
	mod, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(mod), "github.com/kluctl/go-embed-python v0.0.0-"+Version+"-")
}

func TestExtract_interruptedOneIsFinishedByOneOfMany(t *testing.T) {
	if testing.Short() {
		t.Skip("extracts 144 MB")
	}
	dir := filepath.Join(t.TempDir(), "python")
	half := filepath.Join(dir, "bin", "python3.14")
	require.NoError(t, os.MkdirAll(filepath.Dir(half), 0o755))
	require.NoError(t, os.WriteFile(half, []byte("\x7fELF"), 0o755))

	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			path, err := extract(dir)
			if assert.NoError(t, err) {
				assert.NoError(t, exec.Command(path, "-I", "-c", "import json").Run())
			}
		})
	}
	all.Wait()
}
