package main

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build compiles the command for Lambda's provided.al2023, which needs neither cgo nor the RPC of the old runtime.
func build(ctx context.Context, command, version, arch string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "pack")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	out := filepath.Join(dir, "bootstrap")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", //nolint:gosec // the caller's package
		"-ldflags", "-s -w -buildid= -X main.version="+version, "-o", out, command)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", command, err, text)
	}
	return os.ReadFile(out) //nolint:gosec // written above
}

// checkMachine finds an executable of another architecture before Lambda does.
func checkMachine(f entry, arch string) error {
	if f.mode&0o111 == 0 {
		return nil
	}
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]
	binary, err := elf.NewFile(bytes.NewReader(f.data))
	if err != nil {
		return fmt.Errorf("read %s: %w", f.name, err)
	}
	if binary.Machine != want {
		return fmt.Errorf("%s is for %v, not for %s", f.name, binary.Machine, arch)
	}
	return nil
}
