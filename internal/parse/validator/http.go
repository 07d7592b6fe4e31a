package validator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// httpLimit is Cloud Run's: "Maximum HTTP/1 request size" (page "Cloud Run quotas and limits").
const httpLimit = 32 << 20

// HTTP reaches an importer that serves (a Cloud Run service, or a container anywhere).
type HTTP struct {
	// URL is its address.
	URL string
	// Authorize returns a bearer token, if not nil.
	Authorize func(context.Context) (string, error)
	// Pause is waited before a request that was refused for lack of an instance is sent again; a second when 0.
	Pause time.Duration
}

// attempts to find an instance: Cloud Run answers 429 and 503 while it starts one.
const attempts = 4

// String is the address.
func (h HTTP) String() string { return h.URL }

// Limit implements Transport.
func (h HTTP) Limit() int { return httpLimit }

// Call implements Transport.
func (h HTTP) Call(ctx context.Context, request []byte) ([]byte, error) {
	for n := 1; ; n++ {
		status, body, err := h.post(ctx, request)
		switch {
		case err != nil:
			return nil, err
		case status == http.StatusOK, status == http.StatusBadRequest && bytes.HasPrefix(body, []byte(`{"error"`)):
			return body, nil
		case status == http.StatusUnauthorized, status == http.StatusForbidden:
			return nil, fmt.Errorf("it does not let this caller in (%d): the caller's account needs roles/run.invoker on the service", status)
		case n < attempts && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable):
			if err := h.wait(ctx, n); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("it answered %d %s", status, http.StatusText(status))
		}
	}
}

func (h HTTP) wait(ctx context.Context, n int) error {
	pause := h.Pause
	if pause == 0 {
		pause = time.Second
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause << (n - 1)):
		return nil
	}
}

func (h HTTP) post(ctx context.Context, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if h.Authorize != nil {
		token, err := h.Authorize(ctx)
		if err != nil {
			return 0, nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := client().Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	said, err := io.ReadAll(io.LimitReader(answer.Body, MaxAnswer+1))
	return answer.StatusCode, said, err
}

// client follows no redirect, which could carry the bundle elsewhere. The time is the context's: an answer takes minutes.
func client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	transport.DisableKeepAlives = true // a call in minutes
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
