package main

import (
	"bytes"
	"debug/macho"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loadUUID is LC_UUID, as mach-o/loader.h has it.
const loadUUID = 0x1b

func TestBuild_knowsItsVersion(t *testing.T) {
	executable, info, err := binary{command: command, version: "v1.2.3-of-the-test", os: "linux", arch: "amd64"}.build(t.Context())
	require.NoError(t, err)
	assert.Contains(t, string(executable), "v1.2.3-of-the-test")
	assert.Equal(t, "github.com/dagferry/dagferry/internal/tools/pack/testdata/bootstrap", info.Path)
}

func TestBuild_experimentsOfGoAreRefused(t *testing.T) {
	t.Setenv("GOEXPERIMENT", "jsonv2")
	_, _, err := binary{command: command, version: "v1", os: "linux", arch: "amd64"}.build(t.Context())
	require.ErrorContains(t, err, "unset GOEXPERIMENT")
}

// TestBuild_macStartsIt: macOS 26 ends programs without LC_UUID, which the linker leaves out when there is no build ID.
func TestBuild_macStartsIt(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		executable, _, err := binary{command: command, version: "v1", os: "darwin", arch: arch}.build(t.Context())
		require.NoError(t, err)
		require.NoError(t, checkMachine(entry{"dagferry", executable, 0o755}, "darwin", arch))
		file, err := macho.NewFile(bytes.NewReader(executable))
		require.NoError(t, err)
		assert.True(t, slices.ContainsFunc(file.Loads, func(l macho.Load) bool { return file.ByteOrder.Uint32(l.Raw()) == loadUUID }), arch)
	}
}

func TestCheckMachine_anotherMachine(t *testing.T) {
	executable, _, err := binary{command: command, version: "v1", os: "linux", arch: "amd64"}.build(t.Context())
	require.NoError(t, err)
	bootstrap := entry{"bootstrap", executable, 0o755}
	require.NoError(t, checkMachine(bootstrap, "linux", "amd64"))
	require.ErrorContains(t, checkMachine(bootstrap, "linux", "arm64"), "EM_X86_64")
	require.ErrorContains(t, checkMachine(bootstrap, "darwin", "amd64"), "read bootstrap")
	require.ErrorContains(t, checkMachine(entry{"bootstrap", []byte("#!/bin/sh"), 0o755}, "linux", "arm64"), "read bootstrap")
}
