package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
)

// probeTime bounds the question whether a builder works. An engine on this machine answers in a second; one behind an address
// that is gone never does.
const probeTime = 20 * time.Second

// builder is a program that builds images and keeps them. Arguments never pass a shell.
type builder struct {
	name, path string
	buildx     bool // docker has the plugin, which knows --cache-to and is what docker itself uses from 23 on
	options    Options
}

// names are the builders, in the order in which they are tried.
func names() []string { return []string{"docker", "podman", "buildah"} }

// find is the builder that was chosen, or the first that works.
func find(ctx context.Context, o Options) (*builder, error) {
	if o.Builder != "" && !slices.Contains(names(), o.Builder) {
		return nil, fault.Errorf(fault.Denied, "find a builder: %q is none that dagferry knows. Take one of %s", o.Builder, strings.Join(names(), ", "))
	}
	var missing []error
	for _, name := range names() {
		if o.Builder != "" && o.Builder != name {
			continue
		}
		b, err := probe(ctx, name, o)
		if err == nil {
			return b, nil
		}
		missing = append(missing, fmt.Errorf("%s: %w", name, err))
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("find a builder: %w", ctx.Err())
	}
	return nil, fault.Errorf(fault.Denied, "find a builder: none works. Install docker, podman or buildah (and start docker's engine), or name an image that is built already:\n%w",
		errors.Join(missing...))
}

// probe reports whether a builder is there and works.
func probe(ctx context.Context, name string, o Options) (*builder, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, errors.New("it is not installed")
	}
	b := &builder{name: name, path: path, options: o}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	question := map[string][]string{
		"docker": {"version", "--format", "{{.Server.Version}}"}, // asks the engine
		"podman": {"info"}, "buildah": {"info"},
	}[name]
	if err := b.run(ctx, "", question...); err != nil {
		return nil, err
	}
	if name == "docker" {
		b.buildx = b.run(ctx, "", "buildx", "version") == nil
	}
	return b, nil
}

// buildArgs are the arguments that build the project and name the image.
func (b *builder) buildArgs(project, name string) []string {
	var args []string
	switch {
	case b.buildx:
		args = []string{"buildx", "build", "--load", "--progress=plain"}
	case b.name == "docker":
		args = []string{"build", "--progress=plain"}
	default: // Docker's format keeps ONBUILD, HEALTHCHECK and SHELL, which OCI's has no place for
		args = []string{"build", "--format=docker"}
	}
	if b.name == "buildah" && len(b.options.CacheFrom)+len(b.options.CacheTo) > 0 {
		args = append(args, "--layers") // else it caches nothing
	}
	args = append(args, "--platform="+platform, "--tag="+name, "--file="+filepath.Join(project, "Dockerfile"))
	add := func(flag string, values []string) {
		for _, v := range values {
			args = append(args, flag+"="+v)
		}
	}
	add("--build-arg", b.options.Args)
	add("--secret", b.options.Secrets)
	add("--cache-from", b.options.CacheFrom)
	add("--cache-to", b.options.CacheTo)
	return append(args, project)
}

// save writes an image of the builder's into image.tar in a folder. The path is a relative one: a colon in it would be syntax to buildah.
func (b *builder) save(ctx context.Context, name, dir string) error {
	args := map[string][]string{
		"docker":  {"save", "--output=image.tar", name},
		"podman":  {"save", "--format=docker-archive", "--output=image.tar", name},
		"buildah": {"push", "--quiet", name, "docker-archive:image.tar"},
	}[b.name]
	if err := b.run(ctx, dir, args...); err != nil {
		return fmt.Errorf("save image %s from %s: %w", name, b.name, err)
	}
	return nil
}

// has reports whether the builder keeps an image.
func (b *builder) has(ctx context.Context, name string) bool {
	args := map[string][]string{
		"docker":  {"image", "inspect", name},
		"podman":  {"image", "exists", name},
		"buildah": {"inspect", "--type=image", name},
	}[b.name]
	return b.run(ctx, "", args...) == nil
}

// forget takes an image from the builder, but not what the next build may use of it. buildah removes both, and keeps no layers
// unless it is asked to.
func (b *builder) forget(ctx context.Context, name string) error {
	args := map[string][]string{
		"docker":  {"image", "rm", "--no-prune", name},
		"podman":  {"image", "rm", "--no-prune", name},
		"buildah": {"rmi", name},
	}[b.name]
	return b.run(ctx, "", args...)
}

// run runs the builder and keeps what it says for the error.
func (b *builder) run(ctx context.Context, dir string, args ...string) error {
	said := &output{hide: b.options.hidden()}
	return b.start(ctx, dir, said, args...)
}

// failure is a builder that ended with another status than 0.
type failure struct {
	said string
	err  *exec.ExitError
}

func (f *failure) Error() string {
	if f.said == "" {
		return f.err.Error()
	}
	return f.said
}

func (f *failure) Unwrap() error { return f.err }

func (b *builder) start(ctx context.Context, dir string, said *output, args ...string) error {
	cmd := b.command(ctx, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return &failure{strings.TrimSpace(said.end()), exit}
	case err != nil:
		return fmt.Errorf("run %s: %w", b.name, err)
	default:
		return nil
	}
}

func (b *builder) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.path, args...) //nolint:gosec // the builder that the user chose
	cmd.Env = b.options.environment()
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	cmd.WaitDelay = 10 * time.Second // for an interrupted builder to clean up, then it is killed
	return cmd
}

// lines indents a builder's output below the sentence that it belongs to.
func lines(s string) string {
	var b bytes.Buffer
	for line := range strings.Lines(s) {
		b.WriteString("\n  " + strings.TrimRight(line, "\n"))
	}
	return b.String()
}
