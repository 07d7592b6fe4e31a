package demo

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packageOf is a package with this bootstrap.
func packageOf(t *testing.T, bootstrap []byte) string {
	t.Helper()
	var data bytes.Buffer
	z := zip.NewWriter(&data)
	w, err := z.Create("bootstrap")
	require.NoError(t, err)
	_, err = w.Write(bootstrap)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "s3sync.zip")
	require.NoError(t, os.WriteFile(path, data.Bytes(), 0o600))
	return path
}

// program is a program's first bytes.
func program(t *testing.T, machine elf.Machine) []byte {
	t.Helper()
	header := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	var data bytes.Buffer
	require.NoError(t, binary.Write(&data, binary.LittleEndian, header))
	return data.Bytes()
}

// get is what becomes of a package of the Lambda function.
func get(t *testing.T, pack string) error {
	t.Helper()
	_, err := lambdaFunction().find(t.Context(), pack, t.TempDir(), nil)
	return err
}

func TestUnpack_programOfAnotherMachineIsToldAtOnce(t *testing.T) {
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for arch, machine := range machines {
		pack := packageOf(t, program(t, machine))
		err := get(t, pack)
		if runtime.GOOS == "linux" && arch == runtime.GOARCH {
			require.NoError(t, err)
			continue
		}
		assert.EqualError(t, err, pack+" cannot be run here: it is for linux/"+arch+", and this is "+runtime.GOOS+"/"+runtime.GOARCH)
	}
	err := get(t, packageOf(t, program(t, elf.EM_S390)))
	assert.ErrorContains(t, err, "EM_S390")
	err = get(t, packageOf(t, []byte("#!/bin/sh\n")))
	assert.ErrorContains(t, err, "its bootstrap is no program for Linux")
}

func TestUnpack_whatIsNoZipIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s3sync.tar")
	require.NoError(t, os.WriteFile(path, []byte("no zip"), 0o600))
	err := get(t, path)
	assert.EqualError(t, err, path+" is not a package of the function: it is no zip file")
}
