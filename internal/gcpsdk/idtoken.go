package gcpsdk

import (
	"context"
	"net/http"
	"sync"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials/idtoken"

	"github.com/dagferry/dagferry/internal/fault"
)

// IDToken returns what makes tokens that tell a service of one's own, such as one of Cloud Run, who calls. They are those of
// Google's default chain, which is looked through at the first call; that it has none is fault.Denied.
func IDToken(audience string) func(context.Context) (string, error) {
	made := sync.OnceValues(func() (*auth.Credentials, error) {
		return idtoken.NewCredentials(&idtoken.Options{Audience: audience, Client: &http.Client{Transport: base()}})
	})
	return func(ctx context.Context) (string, error) {
		found, err := made()
		if err != nil {
			return "", fault.Errorf(fault.Denied, "no Google credentials that make ID tokens: run as a service account: %w", err)
		}
		token, err := found.Token(ctx)
		if err != nil {
			return "", Classify(err)
		}
		return token.Value, nil
	}
}
