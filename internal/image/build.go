package image

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// platform is what Astro runs (its documentation on deploying from CI).
const platform = "linux/amd64"

// Options are how to build an image.
type Options struct {
	// Project is the folder with the Dockerfile, and the build's context.
	Project string
	// Builder is docker, podman or buildah; "" is the first of them that works.
	Builder string
	// Args, Secrets, CacheFrom and CacheTo are as the builders take them: NAME=value; id=…,src=FILE or id=…,env=NAME; places of caches.
	Args, Secrets, CacheFrom, CacheTo []string
	// Hide is what the builder does not get in its environment, and what its output is shown without, as is done with Secrets.
	Hide []secret.Value
	// Output gets what the builder says; nil is nobody.
	Output io.Writer
	// TempDir is where the image's archive is kept until Close: twice the size of the image. "" is the system's.
	TempDir string
}

// Build builds the project's image. A Dockerfile that cannot be built is Rejected, with the builder's last lines; no builder that
// works is Denied. Close the Image in the end.
func Build(ctx context.Context, o Options) (*Image, error) {
	project, err := filepath.Abs(o.Project)
	if err != nil {
		return nil, fmt.Errorf("find the project: %w", err)
	}
	if info, err := os.Stat(filepath.Join(project, "Dockerfile")); err != nil || info.IsDir() {
		return nil, fault.Errorf(fault.Rejected, "build the image: there is no Dockerfile in %s. Add one that begins with FROM and an Astro Runtime image, or name the project's folder", project)
	}
	b, err := find(ctx, o)
	if err != nil {
		return nil, err
	}
	// A name of its own, so that two builds of one project do not take each other's image.
	name := "localhost/dagferry-build:" + strings.ToLower(rand.Text()[:12])
	if err := b.build(ctx, project, name); err != nil {
		return nil, err
	}
	i, err := b.take(ctx, name)
	if err != nil {
		return nil, errors.Join(err, b.forget(context.WithoutCancel(ctx), name))
	}
	i.built = true
	return i, nil
}

func (b *builder) build(ctx context.Context, project, name string) error {
	said := newOutput(b.options)
	err := b.start(ctx, "", said, b.buildArgs(project, name)...)
	var failed *failure
	if errors.As(err, &failed) && failed.err.Exited() {
		return fault.Errorf(fault.Rejected, "build the image with %s: the build failed (%w). Its last lines:%s", b.name, failed.err, lines(failed.said))
	}
	if err != nil {
		return fmt.Errorf("build the image with %s: %w", b.name, err)
	}
	return nil
}

// take makes an Image of one that the builder keeps.
func (b *builder) take(ctx context.Context, name string) (*Image, error) {
	dir, err := os.MkdirTemp(b.options.TempDir, "dagferry-image-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the image: %w", err)
	}
	i, err := b.takeInto(ctx, name, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return i, nil
}

func (b *builder) takeInto(ctx context.Context, name, dir string) (*Image, error) {
	if err := b.save(ctx, name, dir); err != nil {
		return nil, err
	}
	archive := filepath.Join(dir, "image.tar")
	content, err := pack(archive, dir)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(archive); err != nil { // it is as large as the image
		return nil, fmt.Errorf("remove the builder's archive: %w", err)
	}
	return newImage(&Image{name: name, builder: b, dir: dir}, content)
}
