//go:build unix

package embedded

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plant makes a folder that looks as if everything had been extracted to it.
func plant(t *testing.T, mode os.FileMode) (place string) {
	t.Helper()
	place = filepath.Join(t.TempDir(), "dagferry")
	dir := filepath.Join(place, "python-"+Version)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, executable()), []byte("#!/bin/sh\n"), 0o755))
	require.NoError(t, os.WriteFile(marker(dir), []byte(Version+"\n"), 0o600))
	require.NoError(t, os.Chmod(place, mode))
	return place
}

func TestInterpreterIn_othersMayNotPlantOne(t *testing.T) {
	good := plant(t, 0o700)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(good, link))
	for name, place := range map[string]string{"all may write": plant(t, 0o777), "the group may write": plant(t, 0o770), "a link": link} {
		_, err := interpreterIn([]string{place})
		assert.ErrorContains(t, err, place+" is not trusted", name)
		path, err := interpreterIn([]string{place, good})
		require.NoError(t, err, name)
		assert.Equal(t, filepath.Join(good, "python-"+Version, executable()), path, name)
	}
}

func TestInterpreterIn_somebodyElsesFolderIsNotTrusted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	place := plant(t, 0o755)
	require.NoError(t, os.Chown(place, 12345, 12345))
	_, err := interpreterIn([]string{place})
	assert.ErrorContains(t, err, "it belongs to somebody else")
}

func TestInterpreter_withoutACacheUsesAFolderForTemporaryFiles(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	planted := plant(t, 0o700)
	own := filepath.Join(temporary, filepath.Base(temporaryPlace()))
	require.NoError(t, os.Rename(planted, own))
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, cache := range []string{file, "not/absolute"} {
		t.Setenv("XDG_CACHE_HOME", cache)
		path, err := Interpreter()
		require.NoError(t, err, cache)
		assert.Equal(t, filepath.Join(own, "python-"+Version, executable()), path)
	}
}

func TestInterpreter_nowhereToPutItSaysWhatToSet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	t.Setenv("TMPDIR", file)
	t.Setenv("XDG_CACHE_HOME", file)
	_, err := Interpreter()
	assert.ErrorContains(t, err, "XDG_CACHE_HOME")
	assert.ErrorContains(t, err, "DAGFERRY_PYTHON")
}
