package parse_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDependencies_noEmbeddedInterpreter: 39 MB, which a function's package carries once, as plain files.
func TestDependencies_noEmbeddedInterpreter(t *testing.T) {
	deps, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	assert.NotContains(t, string(deps), "go-embed-python")
}
