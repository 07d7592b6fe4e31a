package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/dagferry/dagferry/internal/fault"
)

// Find is an image that is built already: one that a builder keeps (the one that was chosen, or any that works), else one in a
// registry, to which the user has logged in with docker or podman. Close it in the end; the builder's copy stays.
func Find(ctx context.Context, image string, o Options) (*Image, error) {
	if image == "" || strings.HasPrefix(image, "-") {
		return nil, fault.Errorf(fault.Rejected, "find image %q: that is no image's name", image)
	}
	b, err := findKept(ctx, image, o)
	if err != nil {
		return nil, fmt.Errorf("find image %s: %w", image, err)
	}
	if b != nil {
		return b.take(ctx, image)
	}
	return fromRegistry(ctx, image, o)
}

// findKept is the first builder that keeps the image, nil if none does.
func findKept(ctx context.Context, image string, o Options) (*builder, error) {
	if o.Builder != "" {
		b, err := find(ctx, o)
		if err != nil || !b.has(ctx, image) {
			return nil, err
		}
		return b, nil
	}
	for _, name := range names() {
		if b, err := probe(ctx, name, o); err == nil && b.has(ctx, image) {
			return b, nil
		}
	}
	return nil, ctx.Err()
}

// fromRegistry is an image whose layers stay in the registry until they are pushed elsewhere.
func fromRegistry(ctx context.Context, image string, o Options) (*Image, error) {
	reference, err := name.ParseReference(image)
	if err != nil {
		return nil, fault.Errorf(fault.Rejected, "find image %s: no builder has it, and it is no reference to a registry: %w", image, err)
	}
	content, err := remote.Image(reference, append(options(newTransport()), remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithContext(ctx), remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}))...)
	if err != nil {
		return nil, pulling(ctx, reference, err)
	}
	i, err := newImage(&Image{name: reference.Name(), repository: reference.Context().Name(), options: o}, content)
	if err != nil {
		return nil, pulling(ctx, reference, err)
	}
	return i, nil
}

// pulling is an error of the registry that an image should come from.
func pulling(ctx context.Context, reference name.Reference, err error) error {
	registry := reference.Context().RegistryStr()
	status := statusOf(err)
	switch said := clean(err, nil); {
	case ctx.Err() != nil:
		return fmt.Errorf("find image %s: %w", reference, ctx.Err())
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fault.Errorf(fault.Denied, "find image %s: no builder has it, and %s does not give it (%d): %s. Check the name, and log in with docker login or podman login", reference, registry, status, said)
	case passes(status, err):
		return fault.Errorf(fault.Transient, "find image %s: no builder has it, and %s does not answer: %s", reference, registry, said)
	default:
		return fault.As(fault.Rejected, errors.New("find image "+reference.String()+": no builder has it for "+platform+", nor has "+registry+": "+said+". Check its name, and that it is built for "+platform))
	}
}
