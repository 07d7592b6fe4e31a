package secret_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

func TestResolve(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte("from a file\n"), 0o600))
	big := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(big, []byte(strings.Repeat("x", 65<<10)), 0o600))
	r := secret.Local(func(name string) (string, bool) {
		v, ok := map[string]string{"TOKEN": " from the environment\n", "EMPTY": " "}[name]
		return v, ok
	})

	for reference, want := range map[string]string{"env://TOKEN": "from the environment", "file://" + path: "from a file"} {
		v, err := r.Resolve(t.Context(), reference)
		require.NoError(t, err)
		assert.Equal(t, want, v.Reveal())
	}
	for reference, says := range map[string]string{
		"env://MISSING":      "MISSING is not set",
		"env://EMPTY":        "it is empty",
		"file:///no/such":    "no such file",
		"file://" + big:      "64 KiB",
		"vault://x":          `"vault://"`,
		"eyJhbGciOi.payload": "env://…, file://…",
		"env://":             "no reference",
		"env://eyJhbG.x.y":   "looks like the secret itself",
		"file:///eyJhbG.x.y": "looks like the secret itself",
	} {
		_, err := r.Resolve(t.Context(), reference)
		require.ErrorContains(t, err, says)
		assert.Equal(t, fault.Denied, fault.Of(err))
		assert.NotContains(t, err.Error(), "eyJ", "what stands for a reference may be the token itself")
	}
}
