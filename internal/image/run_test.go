package image_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/local/engine"
)

// podman has docker's arguments, and wants control groups that a container which tests run in may not have.
func TestRun_aProgramInAContainer(t *testing.T) {
	for _, name := range []string{"docker", "buildah"} {
		t.Run(name, func(t *testing.T) {
			e := engine.Start(t, name)
			e.Use(t)
			project := t.TempDir()
			engine.Write(t, project, "Dockerfile", "FROM "+e.Runtime(t, "3.1-12")+"\nENV FROM=image\nWORKDIR /usr/local/airflow\nENTRYPOINT [\"/bin/false\"]\n")
			i, err := image.Build(t.Context(), image.Options{Project: project, Builder: name, TempDir: t.TempDir()})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, i.Close()) })
			t.Run("it has what comes in, the image's environment, and nothing of ours", func(t *testing.T) { hears(t, i) })
			t.Run("its status is told", func(t *testing.T) { ends(t, i) })
			t.Run("it ends with its context", func(t *testing.T) { stops(t, i) })
			assert.NotContains(t, e.Run(t, map[string][]string{"docker": {"ps", "--all"}, "buildah": {"containers"}}[name]...), "dagferry-run")
		})
	}
}

func hears(t *testing.T, i *image.Image) {
	t.Setenv("ASTRO_API_TOKEN", "a token of ours")
	var out, said bytes.Buffer
	err := i.Run(t.Context(), image.Process{
		Args:  []string{"sh", "-c", "pwd; cat; echo; env; echo said >&2; echo \"$0\"", "an 'argument' $HOME"},
		Stdin: strings.NewReader("what comes in"), Stdout: &out, Stderr: &said,
	})
	require.NoError(t, err, said.String())
	assert.Regexp(t, "^/usr/local/airflow\nwhat comes in\n", out.String())
	assert.Contains(t, out.String(), "FROM=image\n")
	assert.NotContains(t, out.String(), "a token of ours")
	assert.Contains(t, out.String(), "\nan 'argument' $HOME\n")
	assert.Contains(t, said.String(), "said\n")
}

func ends(t *testing.T, i *image.Image) {
	err := i.Run(t.Context(), image.Process{Args: []string{"sh", "-c", "exit 7"}})
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 7, exit.ExitCode())

	var said bytes.Buffer
	err = i.Run(t.Context(), image.Process{Args: []string{"nothing-of-this-name"}, Stderr: &said})
	require.ErrorAs(t, err, &exit)
	assert.Contains(t, said.String(), "nothing-of-this-name")
}

func stops(t *testing.T, i *image.Image) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- i.Run(ctx, image.Process{Args: []string{"sh", "-c", "echo begun; trap 'exit 1' INT TERM; while true; do sleep 1; done"}, Stdout: in})
		_ = in.CloseWithError(errors.New("it ended"))
	}()
	_, err := io.ReadFull(out, make([]byte, len("begun\n")))
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
