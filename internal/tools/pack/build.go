package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// binary is an executable that is to be built.
type binary struct {
	command  string // as go build takes it
	version  string // what it says it has
	os, arch string
	tags     string
}

// build compiles it, to the same bytes wherever that is done with the same Go: without cgo, paths and version control.
func (b binary) build(ctx context.Context) ([]byte, *buildinfo.BuildInfo, error) {
	dir, err := os.MkdirTemp("", "pack")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	out := filepath.Join(dir, "out")
	cmd := goCommand(ctx, "build", "-tags", b.tags, "-trimpath", "-buildvcs=false", "-ldflags", b.linking(), "-o", out, b.command)
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOOS="+b.os, "GOARCH="+b.arch)
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("build %s: %w\n%s", b.command, err, text)
	}
	executable, err := os.ReadFile(out) //nolint:gosec // written above
	if err != nil {
		return nil, nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(executable))
	if err != nil {
		return nil, nil, fmt.Errorf("read the build information of %s: %w", b.command, err)
	}
	for _, s := range info.Settings {
		if s.Key == "GOEXPERIMENT" {
			return nil, nil, fmt.Errorf("build %s: it has Go's experiment %s in it, which others would not have: unset GOEXPERIMENT (and go env -u GOEXPERIMENT)", b.command, s.Value)
		}
	}
	return executable, info, nil
}

// linking leaves out the build ID, which tells apart Go distributions that build the same. On macOS the linker makes
// LC_UUID of it, without which macOS 26 starts nothing: there it stays.
func (b binary) linking() string {
	flags := "-s -w -X main.version=" + b.version
	if b.os != "darwin" {
		flags += " -buildid="
	}
	return flags
}

// goCommand is a go command to which no shell and no go env -w says what would change the bytes. What says where
// modules come from is left alone: go.sum decides what they are.
func goCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the caller's package
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off")
	return cmd
}

// goOutput is what a go command writes to its standard output.
func goOutput(ctx context.Context, args ...string) (string, error) {
	return output(goCommand(ctx, args...))
}

// output runs the command, whose error is what it says for itself.
func output(cmd *exec.Cmd) (string, error) {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return strings.TrimRight(string(out), "\n"), nil
}

// checkMachine finds an executable of another architecture before Lambda, or somebody's machine, does.
func checkMachine(f entry, goos, arch string) error {
	if f.mode&0o111 == 0 {
		return nil
	}
	got, err := machine(f.data, goos)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.name, err)
	}
	if want := map[string]string{
		"linux/amd64": elf.EM_X86_64.String(), "linux/arm64": elf.EM_AARCH64.String(),
		"darwin/amd64": macho.CpuAmd64.String(), "darwin/arm64": macho.CpuArm64.String(),
	}[goos+"/"+arch]; got != want {
		return fmt.Errorf("%s is for %s, not for %s/%s", f.name, got, goos, arch)
	}
	return nil
}

// machine is what an executable's header says it is for.
func machine(executable []byte, goos string) (string, error) {
	if goos == "darwin" {
		file, err := macho.NewFile(bytes.NewReader(executable))
		if err != nil {
			return "", err
		}
		return file.Cpu.String(), nil
	}
	file, err := elf.NewFile(bytes.NewReader(executable))
	if err != nil {
		return "", err
	}
	return file.Machine.String(), nil
}
