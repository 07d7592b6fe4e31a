package image

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
)

// Process is a program to be run in a container.
type Process struct {
	// Args are the program, as the image's PATH finds it, and its arguments.
	Args []string
	// Stdin may be nil for none; Stdout and Stderr for nobody.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run runs a program in a container of the image, and removes the container: in the image's working directory, as its user, with its
// environment and nothing of this process's, on the builder's usual network. The image's entrypoint is not run. Nothing is mounted, since an
// engine may be on another machine, as in a CI's docker:dind: what the program needs comes in by its standard input. An
// image in a registry is pulled first, by the builder that is found. Its error has the *exec.ExitError of the builder's
// program, whose status is that of the program in the container if that was started.
func (i *Image) Run(ctx context.Context, p Process) error {
	b, err := i.runner(ctx)
	if err != nil {
		return fmt.Errorf("run %s in image %s: %w", p.Args[0], i.name, err)
	}
	container := "dagferry-run-" + strings.ToLower(rand.Text()[:12])
	err = b.runContainer(ctx, i.exactly(), container, p)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	// One that has ended is gone by itself, but for buildah's.
	if err != nil || b.name == "buildah" {
		b.remove(context.WithoutCancel(ctx), container)
	}
	if err != nil {
		return fmt.Errorf("run %s in image %s with %s: %w", p.Args[0], i.name, b.name, err)
	}
	return nil
}

// runner is the builder that keeps the image, or the first one that can pull it.
func (i *Image) runner(ctx context.Context) (*builder, error) {
	if i.builder != nil {
		return i.builder, nil
	}
	return find(ctx, i.options)
}

// exactly is a name of the image that means no other one: a tag in a registry may have moved meanwhile.
func (i *Image) exactly() string {
	if i.builder != nil {
		return i.name
	}
	return i.repository + "@" + i.Digest()
}

func (b *builder) runContainer(ctx context.Context, image, container string, p Process) error {
	args := append([]string{"run", "--rm", "--interactive", "--platform=" + platform, "--name=" + container, "--entrypoint=" + p.Args[0], image}, p.Args[1:]...)
	if b.name == "buildah" {
		if err := b.run(ctx, "", "from", "--quiet", "--platform="+platform, "--name="+container, image); err != nil {
			return err
		}
		args = append([]string{"run", container, "--"}, p.Args...)
	}
	cmd := b.command(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Stdin, p.Stdout, p.Stderr
	return cmd.Run()
}

// remove takes a container from the builder, if it is still there.
func (b *builder) remove(ctx context.Context, container string) {
	ctx, cancel := context.WithTimeout(ctx, forgetTime)
	defer cancel()
	args := []string{"rm", "--force", container}
	if b.name == "buildah" {
		args = []string{"rm", container}
	}
	_ = b.run(ctx, "", args...)
}
