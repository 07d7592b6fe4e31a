package engine

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dagferry/dagferry/internal/local"
)

// startTime is ten times what a start takes: tests share their cores.
const startTime = 30 * time.Second

// inNamespaces starts the engine where it can leave nothing behind: its bridge is in a network of its own, its images and
// mounts are in a filesystem of its own, and its containers end with it, however it ends.
const inNamespaces = `mkdir state && mount -t tmpfs tmpfs state && exec dockerd --host "unix://$0" --data-root "$PWD/state/data" \
	--exec-root "$PWD/state/run" --pidfile "$PWD/state/pid" --storage-driver vfs --iptables=false --ip6tables=false`

// docker are the settings of docker with an engine of the test's own, for which one has to be root. Others need an engine that runs.
func docker(t testing.TB, e *Engine) []string {
	t.Helper()
	env := []string{"DOCKER_CONFIG=" + t.TempDir()}
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	if os.Geteuid() != 0 {
		if err := answers(e, env)(ctx); err != nil {
			t.Fatalf("docker's engine does not run, and to start one takes root: %v", err)
		}
		return env
	}
	dir, err := os.MkdirTemp("", "docker-") // a socket's path is short
	if err != nil {
		t.Fatalf("make a folder for docker's socket: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "docker.sock")
	process, err := local.Run(e.Env, "unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", "sh", "-c", inNamespaces, socket)
	if err != nil {
		t.Fatalf("start docker's engine: %v", err)
	}
	t.Cleanup(func() {
		if err := process.Stop(); err != nil {
			t.Errorf("stop docker's engine: %v", err)
		}
	})
	env = append(env, "DOCKER_HOST=unix://"+socket)
	if err := process.Ready(ctx, answers(e, env)); err != nil {
		t.Fatalf("start docker's engine: %v", err)
	}
	return env
}

// answers is the question whether the engine runs.
func answers(e *Engine, env []string) func(context.Context) error {
	return func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, "sh", "-c", "exec docker version --format '{{.Server.Version}}'")
		cmd.Env = append(append(os.Environ(), e.Env...), env...)
		return cmd.Run()
	}
}
