// Package astro speaks to Astro's API: what deploys and a Deployment's configuration need, and no more. It exists, although Astronomer
// publishes API types, because the difficult part is not the types: which request may be repeated (a repeated create
// leaves an orphan, a repeated finalize may undo a later deploy), whose outcome is known after an error, and what an
// error says to the one who has to act. Every error is an *Error, classified by package fault, and holds neither the
// token nor an upload URL.
//
// Facts about Astro are marked as in the simulator (package astrotest): [seen] recorded from the official CLI, [doc]
// documented, [inferred] concluded.
package astro

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// DefaultURL is the base of Astro's API [seen].
const DefaultURL = "https://api.astronomer.io/v1"

// defaultFinalizeTimeout is finalize's budget on AWS (the protocol): the longest deploys that users measured took
// 543 s.
const defaultFinalizeTimeout = 600 * time.Second

// Options are the settings of a Client. Only Token is required.
type Options struct {
	// URL is the API's base, /v1 included; "" is DefaultURL. It must be https, except on the loopback interface.
	// The one who sets it decides who gets the token.
	URL string
	// Organization is the organization's id; "" is the one that the token names.
	Organization string
	// Token is a Deployment, Workspace or Organization API token.
	Token secret.Value
	// Transport sends requests; nil is http.DefaultTransport, whose connections all Clients share.
	Transport http.RoundTripper
	// Now is the clock that the token's expiry is compared with; nil is time.Now.
	Now func() time.Time
	// Version of the program, for the User-Agent and x-astro-client-version headers.
	Version string
	// FinalizeTimeout bounds Finalize with all its waits; 0 is 600 s.
	FinalizeTimeout time.Duration
}

// Client speaks for one token to one organization. It may be used concurrently.
type Client struct {
	base, organization, version string
	token                       func() string // not a secret.Value: fmt prints those bare that stand in unexported fields
	claims                      Claims
	transport                   http.RoundTripper
	now                         func() time.Time
	finalizeTimeout             time.Duration

	mu       sync.Mutex
	requests map[string]int
}

// New checks the options and reads the token's claims, without a request. Its errors are fault.Denied: a URL that may
// not be trusted with a token, a token that is none, names no organization, or has expired.
func New(o Options) (*Client, error) {
	base, err := trustedBase(o.URL)
	if err != nil {
		return nil, fault.As(fault.Denied, err)
	}
	claims, err := readClaims(o.Token)
	if err != nil {
		return nil, fault.As(fault.Denied, err)
	}
	c := &Client{
		base: base, token: o.Token.Reveal, claims: claims, requests: map[string]int{},
		organization: o.Organization, version: o.Version, finalizeTimeout: o.FinalizeTimeout,
		transport: o.Transport, now: o.Now,
	}
	c.setDefaults()
	if c.organization == "" {
		return nil, fault.Errorf(fault.Denied, "read token: it names no organization. "+
			"Use an API token of Astro, or set the organization's id")
	}
	if err := checkID("organization", c.organization); err != nil {
		return nil, err
	}
	return c, c.checkExpiry()
}

func (c *Client) setDefaults() {
	if c.organization == "" {
		c.organization = c.claims.Organization
	}
	if c.version == "" {
		c.version = "dev"
	}
	if c.finalizeTimeout <= 0 {
		c.finalizeTimeout = defaultFinalizeTimeout
	}
	if c.transport == nil {
		c.transport = http.DefaultTransport
	}
	if c.now == nil {
		c.now = time.Now
	}
}

// Claims is what the token says about itself.
func (c *Client) Claims() Claims { return c.claims }

// Organization is the id of the organization that requests are for.
func (c *Client) Organization() string { return c.organization }

// Requests is how many requests were sent so far, repeated ones included, by operation: create, upload, finalize,
// deployment, deploys, deploy, describe, rollback, update. A GET that net/http itself sends again, when the connection that it
// had kept turns out to be closed, counts once.
func (c *Client) Requests() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.requests)
}

func (c *Client) count(op string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[op]++
}

// trustedBase is the API's base without a trailing slash. Only https carries a token over a network.
func trustedBase(base string) (string, error) {
	if base == "" {
		return DefaultURL, nil
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "":
		return "", fmt.Errorf("check Astro's address: it is no URL. It looks like %s", DefaultURL)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("check Astro's address: https://%s… holds more than a host and a path. It looks like %s", u.Hostname(), DefaultURL)
	case !carriesSecrets(u):
		return "", fmt.Errorf("check Astro's address %s: a token goes over https only, or over http to this machine. Use https://%s", base, u.Host)
	}
	return strings.TrimRight(base, "/"), nil
}

// carriesSecrets reports whether what is sent there cannot be read on the way.
func carriesSecrets(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
