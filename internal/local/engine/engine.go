// Package engine gives tests real builders of images: docker with an engine of its own, podman and buildah. `make tools` puts
// them into .cache/engines where there is apt; elsewhere those on the PATH are taken. Nothing of the user's is used: images,
// logins and settings are in folders of the test, which the builders are told by their own environment variables.
package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dagferry/dagferry/internal/local"
)

// Engine is a builder, and what its environment has to say.
type Engine struct {
	// Name is docker, podman or buildah.
	Name string
	// Env are NAME=value, PATH among them.
	Env []string
}

// Start starts the builder of a name; it ends with the test.
func Start(t testing.TB, name string) *Engine {
	t.Helper()
	e := &Engine{Name: name, Env: []string{"PATH=" + folder(t) + "/bin" + string(os.PathListSeparator) + os.Getenv("PATH")}}
	e.find(t, name)
	if name == "docker" {
		e.Env = append(e.Env, docker(t, e)...)
	} else {
		e.Env = append(e.Env, containers(t)...)
	}
	return e
}

// Use puts the engine's environment into the test's own, for code that runs builders itself.
func (e *Engine) Use(t testing.TB) {
	t.Helper()
	for _, variable := range e.Env {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
}

// Run runs the builder, and returns what it writes.
func (e *Engine) Run(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), e.find(t, e.Name), args...) //nolint:gosec // the builder that a test names
	cmd.Env = append(os.Environ(), e.Env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", e.Name, args, err, out)
	}
	return string(out)
}

// Runtime makes an image to begin a Dockerfile with, and returns its name: a shell, and the label of an Astro Runtime ("" for none).
func (e *Engine) Runtime(t testing.TB, version string) string {
	t.Helper()
	dir, name := t.TempDir(), "localhost/astro-runtime:"+version
	dockerfile := "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
	if version == "" {
		name += "none"
	} else {
		dockerfile += "LABEL io.astronomer.docker.runtime.version=" + version + "\n"
	}
	Write(t, dir, "Dockerfile", dockerfile)
	shell, err := os.ReadFile(busybox(t))
	if err != nil {
		t.Fatalf("read busybox: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "busybox"), shell, 0o755); err != nil { //nolint:gosec // a program
		t.Fatalf("write busybox: %v", err)
	}
	e.Run(t, "build", "--tag="+name, dir)
	return name
}

// Write writes a file of a test's.
func Write(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatalf("write %s: %v", name, err)
	}
}

func folder(t testing.TB) string {
	t.Helper()
	dir, err := local.Tool("DAGFERRY_ENGINES", "engines")
	if err != nil {
		t.Fatalf("find the engines: %v", err)
	}
	return dir
}

// find is a program of the engine's PATH.
func (e *Engine) find(t testing.TB, program string) string {
	t.Helper()
	path := strings.TrimPrefix(e.Env[0], "PATH=")
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return found
		}
	}
	t.Fatalf("%s is missing: run `make tools` where there is apt, or install it", program)
	return ""
}

// busybox is a shell that needs no libraries.
func busybox(t testing.TB) string {
	t.Helper()
	made := filepath.Join(folder(t), "busybox")
	if _, err := os.Stat(made); err == nil {
		return made
	}
	found, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal("busybox is missing: run `make tools` where there is apt, or install it")
	}
	return found
}
