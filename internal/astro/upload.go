package astro

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// opUpload is the upload in Requests.
const opUpload = "upload"

// Upload sends a bundle to a deploy's UploadURL, as one PUT, and returns the version that Finalize wants [seen]. Never
// in blocks: the blob is one per Deployment, and two deploys that send blocks break each other (an open bug of the
// CLI). The URL is a secret in itself, and gets no token. The PUT is repeated when it is not answered: the same bytes
// make one more version, which nobody finalizes. An answer without a version is an error.
func (c *Client) Upload(ctx context.Context, target secret.Value, body io.ReaderAt, size int64) (string, error) {
	k := call{op: opUpload, verb: "upload DAGs", repeat: true, tries: &tries{}}
	if size <= 0 {
		return "", fault.Errorf(fault.Broken, "upload DAGs: the bundle is empty: even one without DAGs has a trailer")
	}
	req, err := uploadRequest(ctx, k, target, body, size)
	if err != nil {
		return "", err
	}
	c.identify(req.Header)
	resp, err := c.sender(k).Do(req)
	if err != nil {
		return "", c.noAnswer(k, err, target)
	}
	defer resp.Body.Close() //nolint:errcheck // read as far as it is wanted
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return "", c.refusal(k, resp, target)
	}
	version := resp.Header.Get("X-Ms-Version-Id")
	if resp.StatusCode != http.StatusCreated || version == "" {
		return "", k.unreadable(resp.StatusCode, "it has no x-ms-version-id, so nothing can be finalized", nil)
	}
	return version, nil
}

func uploadRequest(ctx context.Context, k call, target secret.Value, body io.ReaderAt, size int64) (*retryablehttp.Request, error) {
	u, err := url.Parse(target.Reveal())
	if err != nil || u.Host == "" || !carriesSecrets(u) {
		// The URL, and the error that quotes it, stay untold.
		return nil, fault.As(fault.Broken, &Error{Op: k.verb, refusedHere: true,
			Message: "Astro's upload URL is no https URL",
			hint:    "Check that DAG-only deploys are enabled on the Deployment"})
	}
	content := func() (io.Reader, error) { return io.NewSectionReader(body, 0, size), nil }
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPut, u.String(), content)
	if err != nil {
		return nil, k.unreadable(0, "the request cannot be made", nil)
	}
	req.ContentLength = size
	req.Header.Set("X-Ms-Blob-Type", "BlockBlob")
	req.Header.Set("Content-Type", "application/octet-stream")
	return req, nil
}
