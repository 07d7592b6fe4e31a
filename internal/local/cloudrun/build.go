package cloudrun

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// main is what the platform adds to a function's source ("Functions Framework for Go"). The function's package has the
// module's path, and registers itself.
const main = `package main

import (
	"log"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"

	_ %q
)

func main() { log.Fatal(funcframework.StartHostPort(os.Getenv("HOST"), os.Getenv("PORT"))) }
`

// Build builds the source of a function in dir, with its dependencies in vendor, as the platform does that: with a main of
// its own, and nothing fetched. It returns the executable, which is to be run in dir with FUNCTION_TARGET set.
func Build(ctx context.Context, dir, module string) (string, error) {
	app := filepath.Join(dir, "serverless_function_app")
	if err := os.MkdirAll(app, 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(app, "main.go"), fmt.Appendf(nil, main, module), 0o600); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "function")
	cmd := exec.CommandContext(ctx, "go", "build", "-mod=vendor", "-o", program, "./serverless_function_app") //nolint:gosec // fixed words
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the function: %w\n%s", err, bytes.TrimSpace(out))
	}
	return program, nil
}
