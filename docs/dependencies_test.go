// Package docs_test holds the documentation to what it is about.
package docs_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDependencies_listsWhatGoModRequires: the table has each direct dependency, and no other.
func TestDependencies_listsWhatGoModRequires(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}}{{end}}", "all").Output()
	require.NoError(t, err)
	page, err := os.ReadFile("dependencies.md")
	require.NoError(t, err)
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, row[1])
	}
	assert.ElementsMatch(t, strings.Fields(string(out)), listed)
}
