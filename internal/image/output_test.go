package image

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/secret"
)

func TestOutput_isShownWithoutSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pip.conf")
	require.NoError(t, os.WriteFile(file, []byte("[global]\nindex-url = https://me:pass@example.com\n"), 0o600))
	t.Setenv("NPM_TOKEN", "npm-0123456789")
	t.Setenv("by-id", "value of by-id")
	var shown bytes.Buffer
	w := newOutput(Options{
		Output: &shown, Hide: []secret.Value{secret.NewValue("the-token-of-astro"), {}},
		Secrets: []string{"id=pip,src=" + file, "id=npm,env=NPM_TOKEN", "id=by-id", "id=gone,source=/nowhere", "id=x,type=env,src=NPM_TOKEN"},
	})
	for _, piece := range []string{"a line\nindex-url = https://me:pass@exam", "ple.com!\n", "npm-0123456789 value of by-id the-to", "ken-of-astro\r\n", "no end"} {
		n, err := w.Write([]byte(piece))
		require.NoError(t, err)
		assert.Equal(t, len(piece), n)
	}
	assert.Equal(t, "a line\n[redacted]!\n[redacted] [redacted] [redacted]\r\n", shown.String())
	assert.Equal(t, "a line\n[redacted]!\n[redacted] [redacted] [redacted]\nno end", w.end())
	assert.True(t, strings.HasSuffix(shown.String(), "no end"))
}

func TestOutput_keepsTheEnd(t *testing.T) {
	w := newOutput(Options{})
	for i := range 100 {
		fmt.Fprintf(w, "%d\n\n", i)
	}
	fmt.Fprint(w, "10%\r50%\r100%\n"+strings.Repeat("x", 1<<20))
	lines := strings.Split(w.end(), "\n")
	require.Len(t, lines, tailLines)
	assert.Contains(t, lines, "99")
	assert.Contains(t, lines, "100%")
	assert.LessOrEqual(t, len(lines[tailLines-1]), maxLine+3)
}

func TestEnvironment_isTheUsersWithoutTheToken(t *testing.T) {
	t.Setenv("ASTRO_API_TOKEN", "the-token")
	t.Setenv("NETRC_LINE", "password the-token")
	t.Setenv("GIVEN", "the-token")
	t.Setenv("STORAGE_DRIVER", "vfs")
	o := Options{Hide: []secret.Value{secret.NewValue("the-token"), {}}, Secrets: []string{"id=t,env=GIVEN"}}
	env := o.environment()
	assert.Contains(t, env, "STORAGE_DRIVER=vfs")
	assert.Contains(t, env, "GIVEN=the-token", "who gives it to the build means to")
	for _, variable := range env {
		assert.False(t, strings.HasPrefix(variable, "ASTRO_API_TOKEN=") || strings.HasPrefix(variable, "NETRC_LINE="), variable)
	}
}

func TestBuildArgs_neverBecomeOptions(t *testing.T) {
	b := &builder{name: "docker", buildx: true, options: Options{
		Args: []string{"--push", "A=b c"}, CacheFrom: []string{"type=gha"}, CacheTo: []string{"type=gha,mode=max"}, Secrets: []string{"id=x"},
	}}
	args := b.buildArgs("/project", "name:1")
	assert.Equal(t, []string{"buildx", "build", "--load"}, args[:3])
	assert.Equal(t, "/project", args[len(args)-1])
	assert.Subset(t, args, []string{"--build-arg=--push", "--build-arg=A=b c", "--cache-from=type=gha", "--cache-to=type=gha,mode=max", "--secret=id=x", "--platform=linux/amd64"})
	b = &builder{name: "buildah", options: Options{CacheTo: []string{"registry.example.com/cache"}}}
	assert.Contains(t, b.buildArgs("/project", "name:1"), "--layers")
}
