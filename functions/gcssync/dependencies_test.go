package gcssync

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The function carries its own cloud's SDK only, and no interpreter: that lies beside it.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./local").Output()
	require.NoError(t, err)
	for _, other := range []string{"github.com/aws/", "github.com/kluctl/go-embed-python", "internal/local/", "internal/image\n", "github.com/google/go-containerregistry", "internal/astro/astrotest", "pstest", "testing\n"} {
		assert.NotContains(t, string(out), other)
	}
}
