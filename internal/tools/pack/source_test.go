package main

import (
	"archive/zip"
	"bytes"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local"
	"github.com/dagferry/dagferry/internal/local/cloudrun"
	"github.com/dagferry/dagferry/internal/parse"
)

var products = flag.Bool("products", false, "build what is really released: three minutes on two cores, and more where nothing is compiled for the other architecture yet")

// needsProducts skips a test that builds such a thing, unless that is asked for.
func needsProducts(t *testing.T) {
	t.Helper()
	if !*products {
		t.Skip("make package-check runs it")
	}
}

// The archive is built as the platform does that, with nothing fetched, and answers.
func TestSource_isBuiltAsThePlatformDoes(t *testing.T) {
	needsProducts(t)
	s := source{"github.com/dagferry/dagferry/functions/gcssync", "v1.2.3"}
	first, err := s.pack(t.Context())
	require.NoError(t, err)
	data := first.data
	assert.Equal(t, "gcssync.zip", s.file())
	bom, err := first.bom(time.Now())
	require.NoError(t, err)
	assert.Contains(t, string(bom), "pkg:golang/cloud.google.com/go/storage@")
	assert.NotContains(t, string(bom), "aws-sdk")
	again, err := s.pack(t.Context())
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, again.data), "the same bytes")
	assert.Less(t, len(data), 32<<20, "what an HTTP request may upload")
	dir := t.TempDir()
	unzip(t, data, dir)
	for _, name := range []string{"go.mod", "function.go", "framework.go", "Dockerfile", "local/main.go", "vendor/modules.txt", "LICENSE", "internal/syncer/run.go", parse.InterpreterPath} {
		assert.FileExists(t, filepath.Join(dir, filepath.FromSlash(name)))
	}
	for _, name := range []string{"cmd", "vendor/github.com/aws", "vendor/github.com/stretchr", "internal/local"} {
		assert.NoDirExists(t, filepath.Join(dir, filepath.FromSlash(name)))
	}
	out, err := exec.Command(filepath.Join(dir, filepath.FromSlash(parse.InterpreterPath)), "-I", "-S", "-c", "compile('x = 1', 'a.py', 'exec')").CombinedOutput()
	require.NoError(t, err, "%s", out)
	program, err := cloudrun.Build(t.Context(), dir, "github.com/dagferry/dagferry")
	require.NoError(t, err)
	answers(t, dir, program)
	answers(t, dir, asTheDockerfile(t, dir))
}

func unzip(t *testing.T, data []byte, dir string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	for _, f := range r.File {
		in, err := f.Open()
		require.NoError(t, err)
		body, err := io.ReadAll(in)
		require.NoError(t, err)
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, body, f.Mode()))
	}
}

// asTheDockerfile builds the server by the Dockerfile's own words.
func asTheDockerfile(t *testing.T, dir string) (program string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	require.NoError(t, err)
	_, line, found := strings.Cut(string(text), "RUN ")
	require.True(t, found)
	line, _, _ = strings.Cut(line, "\n")
	program = filepath.Join(dir, "server")
	require.Contains(t, line, "-o /gcssync ")
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", strings.Replace(line, "-o /gcssync ", "-o "+program+" ", 1))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

// answers starts the program where its source is, and asks it something.
func answers(t *testing.T, dir, program string) {
	t.Helper()
	address, err := local.FreeAddress()
	require.NoError(t, err)
	host, port, _ := strings.Cut(address, ":")
	cmd := exec.Command(program)
	cmd.Dir, cmd.Env = dir, []string{"HOST=" + host, "PORT=" + port, "FUNCTION_TARGET=Sync", "DAGFERRY_CONFIG=version: 1"}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	status := 0
	require.Eventually(t, func() bool {
		answer, err := http.Post("http://"+address, "application/json", strings.NewReader("{}"))
		if err != nil {
			return false
		}
		status = answer.StatusCode
		return answer.Body.Close() == nil
	}, 20*time.Second, 100*time.Millisecond)
	assert.Equal(t, http.StatusInternalServerError, status, "its configuration has no targets")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	assert.Contains(t, log.String(), "targets")
}
