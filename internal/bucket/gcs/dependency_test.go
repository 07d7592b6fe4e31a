package gcs_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A function on Google Cloud carries its own cloud's libraries only.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".", "../../secret/secretmanager", "../../event").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "cloud.google.com/go/storage\n")
	for _, other := range []string{"github.com/aws/", "internal/local", "testing\n"} {
		assert.NotContains(t, string(out), other)
	}
}
