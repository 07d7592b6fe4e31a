package local_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local"
)

// sleeper writes its process id and directory, and then waits for longer than any test.
const sleeper = `echo $$ $PWD >"$OUT.part" && mv "$OUT.part" "$OUT" && exec sleep 600`

func started(t *testing.T, out string) (pid, dir string) {
	require.Eventually(t, func() bool { _, err := os.Stat(out); return err == nil }, 5*time.Second, 5*time.Millisecond)
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	pid, dir, _ = strings.Cut(strings.TrimSpace(string(text)), " ")
	return pid, dir
}

func isRunning(pid string) bool { return exec.Command("kill", "-0", pid).Run() == nil }

func TestStop_endsTheServerAndItsDirectory(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	p, err := local.Run([]string{"OUT=" + out}, "/bin/sh", "-c", sleeper)
	require.NoError(t, err)
	pid, dir := started(t, out)
	require.True(t, isRunning(pid))

	require.NoError(t, p.Stop())
	assert.False(t, isRunning(pid))
	assert.NoDirExists(t, dir)
}

func TestRun_serverEndsWithAProcessThatRunsNoCleanup(t *testing.T) {
	if out := os.Getenv("TEST_STARTS"); out != "" { // the process that the test below kills
		_, err := local.Run([]string{"OUT=" + out}, "/bin/sh", "-c", sleeper)
		require.NoError(t, err)
		time.Sleep(time.Minute)
	}
	out := filepath.Join(t.TempDir(), "out")
	starter := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	starter.Env = append(os.Environ(), "TEST_STARTS="+out)
	require.NoError(t, starter.Start())
	pid, dir := started(t, out)
	require.True(t, isRunning(pid))

	require.NoError(t, starter.Process.Kill())
	starter.Wait()
	assert.Eventually(t, func() bool { return !isRunning(pid) }, 5*time.Second, 10*time.Millisecond)
	assert.Eventually(t, func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) }, 5*time.Second, 10*time.Millisecond)
}

func TestReady_tellsWhyAServerEnded(t *testing.T) {
	p, err := local.Run(nil, "/bin/sh", "-c", "echo no such luck >&2; exit 1")
	require.NoError(t, err)
	began := time.Now()
	err = p.Ready(t.Context(), func(context.Context) error { return errors.New("not yet") })
	assert.ErrorContains(t, err, "no such luck")
	assert.Less(t, time.Since(began), 5*time.Second)
	require.NoError(t, p.Stop())
}

func TestTool_saysWhatToDo(t *testing.T) {
	_, err := local.Tool("DAGFERRY_NOTHING", "bin/nothing")
	assert.ErrorContains(t, err, "run `make tools`")
	t.Setenv("DAGFERRY_NOTHING", "/somewhere")
	found, err := local.Tool("DAGFERRY_NOTHING", "bin/nothing")
	require.NoError(t, err)
	assert.Equal(t, "/somewhere", found)
}
