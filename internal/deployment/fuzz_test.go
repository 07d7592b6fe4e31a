package deployment

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/config"
)

// What is exported is read as it was, whatever people have in their variables.
func FuzzExport(f *testing.F) {
	for _, s := range []string{"", "010", "a: b #c", "\x01\x1b", "a\r\n b", "\u0085\u2028\u2029", "\ufeffa", "😀", `\u0041`, "'\"", "\x7f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) || strings.ContainsRune(value, utf8.RuneError) || len(value) > 1000 {
			return // JSON has no such text
		}
		file := exported{exportedDeployment{Variables: []exportedVariable{{Key: "A", Value: value}}, Metadata: exportedMetadata{"clx1"}}}
		b, err := yaml.MarshalWithOptions(file, yaml.IndentSequence(true), yaml.CustomMarshaler(quoted))
		require.NoError(t, err)
		read, err := config.ParseDeployment("prod.yaml", b)
		require.NoError(t, err, "%s", b)
		assert.Equal(t, value, string(*read.EnvironmentVariables[0].Value))
	})
}
