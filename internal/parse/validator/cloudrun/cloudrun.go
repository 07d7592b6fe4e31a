// Package cloudrun reaches an importer that is a Cloud Run service. The caller's account may invoke that service, and the
// service's own account may do nothing.
package cloudrun

import (
	"fmt"
	"net/url"

	"github.com/dagferry/dagferry/internal/gcpsdk"
	"github.com/dagferry/dagferry/internal/parse/validator"
)

// New makes a client for the service at an address. Its ID tokens are those of Google's default chain; they are looked for when
// the service is first called.
func New(address string) (validator.HTTP, error) {
	at, err := url.Parse(address)
	if err != nil {
		return validator.HTTP{}, fmt.Errorf("read the validator's address: %w", err)
	}
	return validator.HTTP{URL: address, Authorize: gcpsdk.IDToken(at.Scheme + "://" + at.Host)}, nil
}
