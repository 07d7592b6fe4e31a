package image

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

const (
	// user is the name that goes with an API token at Astro's registry [seen].
	user = "cli"

	// sideBySide is how many layers are uploaded at a time: more share the same line.
	sideBySide = 4

	// Six tries, after 0.5, 1, 2, 4 and 8 s, outlast a registry's restart.
	tries    = 6
	firstGap = 500 * time.Millisecond

	// answerTime bounds the wait for an answer after a request was sent; a registry checks a layer of some GB before it answers.
	answerTime = 5 * time.Minute
)

// destination is a repository of a registry, and who pushes to it.
type destination struct {
	repository name.Repository
	pusher     *remote.Pusher
	token      secret.Value
	transport  *http.Transport
	gap        time.Duration // before it is asked again
}

// Upload sends the layers and the configuration that the repository does not have: all but the small manifest, so that there is little
// left to do for Push. Errors that pass are waited out; a layer that was cut off is sent again, one that arrived is not. progress,
// which may be nil, gets the bytes that are there and the bytes of all layers, one call at a time.
func (i *Image) Upload(ctx context.Context, repository string, token secret.Value, progress func(done, total int64)) error {
	to, err := i.open(repository, token)
	if err != nil {
		return err
	}
	defer to.transport.CloseIdleConnections()
	return i.upload(ctx, to, progress)
}

// Push uploads what is missing, and the manifest under a tag. See Upload.
func (i *Image) Push(ctx context.Context, repository, tag string, token secret.Value, progress func(done, total int64)) error {
	to, err := i.open(repository, token)
	if err != nil {
		return err
	}
	defer to.transport.CloseIdleConnections()
	reference, err := tagged(to.repository, tag)
	if err != nil {
		return err
	}
	if err := i.upload(ctx, to, progress); err != nil {
		return err
	}
	return to.patiently(ctx, "push manifest of image", func() error { return to.pusher.Put(ctx, reference, i.content) })
}

func (i *Image) upload(ctx context.Context, to *destination, progress func(done, total int64)) error {
	layers, err := parts(i.content)
	if err != nil {
		return fmt.Errorf("read image %s: %w", i.name, err)
	}
	meter, err := newMeter(layers, progress)
	if err != nil {
		return fmt.Errorf("read image %s: %w", i.name, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(sideBySide)
	for _, l := range layers {
		g.Go(func() error {
			metered := meter.layer(l)
			err := to.patiently(ctx, "upload layer of image", func() error { return to.pusher.Upload(ctx, to.repository, metered) })
			if err == nil {
				metered.arrived()
			}
			return err
		})
	}
	return g.Wait()
}

// parts are the layers and the configuration, each once.
func parts(content v1.Image) ([]v1.Layer, error) {
	all, err := content.Layers()
	if err != nil {
		return nil, err
	}
	config, err := partial.ConfigLayer(content)
	if err != nil {
		return nil, err
	}
	known := map[v1.Hash]bool{}
	var once []v1.Layer
	for _, l := range append(all, config) {
		digest, err := l.Digest()
		if err != nil {
			return nil, err
		}
		if !known[digest] {
			once = append(once, l)
		}
		known[digest] = true
	}
	return once, nil
}

// open names a repository fully: a short name would be one of Docker Hub's. Without TLS the token goes nowhere but to this machine.
func (i *Image) open(repository string, token secret.Value) (*destination, error) {
	repo, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil || strings.HasPrefix(repository, "-") {
		return nil, fault.Errorf(fault.Denied, "push image: %q is no repository of a registry. It is what Astro says of the Deployment: check Astro's address (ASTRO_API_URL)", repository)
	}
	if repo.Scheme() != "https" && !loopback(repo.Registry) {
		return nil, fault.Errorf(fault.Denied, "push image: the registry %s would be spoken to without TLS, and the token readable on the way. Check Astro's address (ASTRO_API_URL)", repo.RegistryStr())
	}
	transport := newTransport()
	pusher, err := remote.NewPusher(append(options(transport), remote.WithAuth(&authn.Basic{Username: user, Password: token.Reveal()}))...)
	if err != nil {
		return nil, fmt.Errorf("push image to %s: %w", repo, err)
	}
	return &destination{repo, pusher, token, transport, i.gap}, nil
}

func tagged(repo name.Repository, tag string) (name.Tag, error) {
	reference, err := name.NewTag(repo.Name()+":"+tag, name.StrictValidation)
	if err != nil || tag == "" || strings.HasPrefix(tag, "-") {
		return name.Tag{}, fault.Errorf(fault.Broken, "push image to %s: %q is no tag", repo, tag)
	}
	return reference, nil
}

// options are how registries are asked. The library's own repeats are off: they sleep on when the context has ended.
func options(transport *http.Transport) []remote.Option {
	return []remote.Option{remote.WithTransport(transport), remote.WithRetryBackoff(remote.Backoff{Steps: 1})}
}

func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = answerTime
	return t
}

// patiently does something at the registry until it works, or fails in a way that waiting does not change.
func (d *destination) patiently(ctx context.Context, verb string, do func() error) error {
	gap := d.gap
	for try := 1; ; try++ {
		err := do()
		if err == nil {
			return nil
		}
		err = d.answer(ctx, verb, err)
		if fault.Of(err) != fault.Transient || try == tries {
			return err
		}
		if !wait(ctx, gap) {
			return fmt.Errorf("%w: %w", err, ctx.Err())
		}
		gap *= 2
	}
}

// wait reports whether the time has passed before the context ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
