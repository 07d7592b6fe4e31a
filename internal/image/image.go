package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/dagferry/dagferry/internal/fault"
)

// Image is an image that can be pushed.
type Image struct {
	name    string
	builder *builder      // nil for one from a registry
	built   bool          // by us
	dir     string        // of its layers
	gap     time.Duration // before a registry is asked again

	repository string  // of one from a registry
	options    Options // how a builder is found for it

	content v1.Image
	config  *v1.ConfigFile
	digest  v1.Hash
}

func newImage(i *Image, content v1.Image) (*Image, error) {
	var err error
	i.content, i.gap = content, firstGap
	if i.config, err = content.ConfigFile(); err != nil {
		return nil, fmt.Errorf("read the configuration of image %s: %w", i.name, err)
	}
	if i.digest, err = content.Digest(); err != nil {
		return nil, fmt.Errorf("read the manifest of image %s: %w", i.name, err)
	}
	return i, nil
}

// Digest is the manifest's, sha256:…, as the registry will know it.
func (i *Image) Digest() string { return i.digest.String() }

// Runtime is the Astro Runtime that the image's label tells, "" without one.
func (i *Image) Runtime() string { return i.config.Config.Labels[RuntimeLabel] }

// Name is what the builder knows the image by until Close, or the registry that it comes from.
func (i *Image) Name() string { return i.name }

// Builder is the builder that keeps the image: docker, podman or buildah; "" for one in a registry.
func (i *Image) Builder() string {
	if i.builder == nil {
		return ""
	}
	return i.builder.name
}

// Verify looks for what Astro refuses: another platform, no Runtime label, a Runtime older than the live one ("" if there is
// none). What it finds is Rejected.
func (i *Image) Verify(live string) error {
	if err := i.verify(live); err != nil {
		return fault.Errorf(fault.Rejected, "verify image %s: %w", i.name, err)
	}
	return nil
}

func (i *Image) verify(live string) error {
	if built := i.config.OS + "/" + i.config.Architecture; built != platform {
		return fmt.Errorf("it is for %s, and Astro runs %s. Build it with --platform %s, from a base that is for it", built, platform, platform)
	}
	if i.Runtime() == "" {
		return fmt.Errorf("it has no label %s, without which Astro refuses it. Begin its Dockerfile with FROM and an Astro Runtime image", RuntimeLabel)
	}
	if live == "" {
		_, err := parseRuntime(i.Runtime())
		return err
	}
	older, err := Older(i.Runtime(), live)
	if err != nil {
		return fmt.Errorf("compare its Runtime with the Deployment's: %w", err)
	}
	if older {
		return fmt.Errorf("its Runtime %s is older than the Deployment's, %s, and Astro refuses to go back. Take Runtime %s or later in its Dockerfile, or roll the Deployment back in Astro first",
			i.Runtime(), live, live)
	}
	return nil
}

// forgetTime bounds what Close does at the builder.
const forgetTime = 30 * time.Second

// Close removes the image's archive, and from the builder what Build built there but for its caches.
func (i *Image) Close() error {
	var err error
	if i.built {
		ctx, cancel := context.WithTimeout(context.Background(), forgetTime)
		defer cancel()
		err = i.builder.forget(ctx, i.name)
	}
	if i.dir != "" {
		err = errors.Join(err, os.RemoveAll(i.dir))
	}
	if err != nil {
		return fmt.Errorf("remove image %s: %w", i.name, err)
	}
	return nil
}
