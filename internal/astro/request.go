package astro

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// maxAnswer bounds what is read of an answer: a page of 100 deploys has about 100 KB.
const maxAnswer = 4 << 20

// call is one operation on a Deployment, or on one of its deploys.
type call struct {
	op           string // as in Requests
	verb         string // for people
	method, path string // path below the Deployment, or below the deploy
	query        url.Values
	body         any
	deployment   string
	deploy       string
	ofDeploy     bool
	repeat       bool // to repeat it changes nothing
	slow         bool // it may take the whole finalize budget to answer
	tries        *tries
	secrets      []secret.Value // of the body: no error holds them
}

// do sends a call and decodes its answer. Every error is an *Error, classified.
func (c *Client) do(ctx context.Context, k call, into any) error {
	if err := c.checkExpiry(); err != nil {
		return err
	}
	if k.slow {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.finalizeTimeout)
		defer cancel()
	}
	req, err := c.request(ctx, k)
	if err != nil {
		return err
	}
	k.tries = &tries{}
	resp, err := c.sender(k).Do(req)
	if err != nil {
		return c.noAnswer(k, err, k.secrets...)
	}
	defer resp.Body.Close() //nolint:errcheck // read as far as it is wanted
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return c.refusal(k, resp, k.secrets...)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into); err != nil {
		return k.unreadable(resp.StatusCode, "it is no complete JSON", err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, k call) (*retryablehttp.Request, error) {
	target, err := c.address(k)
	if err != nil {
		return nil, err
	}
	var body any
	if k.body != nil {
		b, err := json.Marshal(k.body)
		if err != nil {
			return nil, fmt.Errorf("%s: encode request: %w", k.verb, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, k.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("%s: make request: %w", k.verb, err)
	}
	c.identify(req.Header)
	req.Header.Set("Authorization", "Bearer "+c.token())
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

// identify names the program to Astro [seen].
func (c *Client) identify(h http.Header) {
	h.Set("User-Agent", "dagferry/"+c.version)
	h.Set("X-Astro-Client-Identifier", "dagferry")
	h.Set("X-Astro-Client-Version", c.version)
}

func (c *Client) address(k call) (string, error) {
	if err := checkID("Deployment", k.deployment); err != nil {
		return "", err
	}
	target := c.base + "/organizations/" + c.organization + "/deployments/" + k.deployment
	if k.ofDeploy {
		if err := checkID("deploy", k.deploy); err != nil {
			return "", err
		}
		target += "/deploys/" + k.deploy
	}
	target += k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	return target, nil
}

// idForm is what Astro's ids look like [seen], and a path's segment that means nothing else.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

func checkID(what, value string) error {
	if idForm.MatchString(value) {
		return nil
	}
	return fault.Errorf(fault.Denied, "check %s id %q: an id has letters, digits, - and _ only. Copy it from the page of the %s in Astro",
		what, cutString(value, 64), what)
}
