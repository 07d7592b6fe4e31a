// Package demo shows the main job on one machine, without an account: an object store, what carries its events, Astro's
// simulator and the real function, which does not know that it is not in its cloud.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket"
)

const (
	dagBucket   = "acme-dags"
	prefix      = "prod/dags/"
	stateBucket = "acme-dagferry"
	deployment  = "demo"
)

// cloud is everything that an upload meets on its way to Astro.
type cloud interface {
	// scheme begins the addresses of its objects.
	scheme() string
	// says what is running, for the tour's first line.
	says() string
	// open opens a prefix.
	open(ctx context.Context, url string) (bucket.Bucket, error)
	// upload and remove change the bucket as authors do. The key is a whole one.
	upload(ctx context.Context, key string, body []byte) error
	remove(ctx context.Context, key string) error
	// atRest reports whether no event is waiting, and the function is not at work.
	atRest() bool
	// store is where the object store listens.
	store() string
	// close ends everything, the function first.
	close() error
}

// stage is Astro's simulator, and what a cloud is started with.
type stage struct {
	astro    *astrotest.Server
	astroURL string
	function executable
	log      io.Writer
}

// env is the function's environment, whichever cloud it is in.
func (s stage) env(scheme string) map[string]string {
	env := map[string]string{
		"DAGFERRY_CONFIG": configuration(scheme),
		"ASTRO_API_URL":   s.astroURL + "/v1",
		"ASTRO_API_TOKEN": astrotest.Token(astrotest.TokenOptions{Name: "dagferry demo"}),
	}
	if s.function.interpreter != "" {
		env["DAGFERRY_PYTHON"] = s.function.interpreter
	}
	return env
}

// configuration is the dagferry.yaml of the demo.
func configuration(scheme string) string {
	return fmt.Sprintf(`version: 1
targets:
  - name: prod
    sources:
      - url: %[1]s://%[2]s/%[3]s
    deployment: %[4]s
    token: env://ASTRO_API_TOKEN
    state: %[1]s://%[5]s/state/
`, scheme, dagBucket, prefix, deployment, stateBucket)
}

// closers end what was started, the last first.
type closers []func() error

func (c *closers) add(f func() error) { *c = append(*c, f) }

func (c *closers) close() error {
	var all []error
	for i := len(*c) - 1; i >= 0; i-- {
		all = append(all, (*c)[i]())
	}
	*c = nil
	return errors.Join(all...)
}

// temporary is a folder that is removed by the function that comes with it.
func temporary() (string, func() error, error) {
	path, err := os.MkdirTemp("", "dagferry-demo-*")
	if err != nil {
		return "", nil, err
	}
	return path, func() error { return os.RemoveAll(path) }, nil
}
