// Package gcpsdk says how Google Cloud is called and sorts what its client libraries fail with, once for every service
// that dagferry talks to. It exists so that Cloud Storage and Secret Manager time out and fail in the same words, and so
// that no caller has to know a code of HTTP or gRPC.
package gcpsdk

import (
	"net"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/auth/httptransport"

	"github.com/dagferry/dagferry/internal/fault"
)

const (
	// storageScope is all that is asked for: reading and writing objects. What of it is allowed, IAM says.
	storageScope = "https://www.googleapis.com/auth/devstorage.read_write"

	// connections is how many idle connections to one host are kept: reads run 64 to 128 side by side, and where HTTP/2
	// is not spoken, Go's two would make every other read shake hands again.
	connections = 128

	// dialTimeout and answerTimeout turn a host that does not answer into an error that is retried, well before a
	// lease ends. The answer's begin is bounded, not its body.
	dialTimeout   = 5 * time.Second
	answerTimeout = 30 * time.Second
)

// NewTransport sends requests to Cloud Storage with the credentials of Google's default chain: the file that
// GOOGLE_APPLICATION_CREDENTIALS names, gcloud's, the service account of the machine or function. They are looked for at
// the first request, so that a program that turns out to need no Google Cloud does not need them either; that there
// are none is fault.Denied.
func NewTransport() http.RoundTripper { return &transport{base: base()} }

// NewAnonymousTransport sends requests as they are: for public buckets, and for stand-ins, which take any.
func NewAnonymousTransport() http.RoundTripper { return base() }

func base() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	t.MaxIdleConns = 2 * connections // Cloud Storage, and where its tokens come from
	t.MaxIdleConnsPerHost = connections
	t.ResponseHeaderTimeout = answerTimeout
	return t
}

type transport struct {
	base *http.Transport

	mu     sync.Mutex
	signed http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	signed, err := t.ready()
	if err != nil {
		if r.Body != nil {
			r.Body.Close() //nolint:errcheck // a RoundTripper has to, and nothing was read from it
		}
		return nil, err
	}
	return signed.RoundTrip(r)
}

func (t *transport) ready() (http.RoundTripper, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.signed != nil {
		return t.signed, nil
	}
	found, err := Credentials(storageScope)
	if err != nil {
		return nil, err
	}
	client, err := httptransport.NewClient(&httptransport.Options{
		Credentials: found, BaseRoundTripper: t.base, DisableTelemetry: true,
	})
	if err != nil {
		return nil, fault.As(fault.Denied, err)
	}
	t.signed = client.Transport
	return t.signed, nil
}
