package main

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrite_orderOfFilesDoesNotMatter(t *testing.T) {
	for name, write := range map[string]func(io.Writer, []entry) error{
		"zip":    writeZip,
		"tar.gz": func(out io.Writer, files []entry) error { return writeTarGz(out, files, time.Unix(1_700_000_000, 0)) },
	} {
		var first, second bytes.Buffer
		require.NoError(t, write(&first, []entry{{"b", []byte("2"), 0o644}, {"a", []byte("1"), 0o755}}))
		require.NoError(t, write(&second, []entry{{"a", []byte("1"), 0o755}, {"b", []byte("2"), 0o644}}))
		assert.Equal(t, first.Bytes(), second.Bytes(), name)
	}
}
