package gcpsdk

import (
	"context"
	"net/http"
	"os"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"

	"github.com/dagferry/dagferry/internal/fault"
)

// Credentials are those of Google's default chain, for a scope; their tokens are kept until they expire. That there are
// none is fault.Denied.
func Credentials(scope string) (*auth.Credentials, error) {
	found, err := credentials.DetectDefault(&credentials.DetectOptions{
		Scopes: []string{scope},
		Client: &http.Client{Transport: base()},
	})
	if err != nil {
		return nil, fault.Errorf(fault.Denied, "no Google credentials: run as a service account, set GOOGLE_APPLICATION_CREDENTIALS, "+
			"or run gcloud auth application-default login: %w", err)
	}
	found.TokenProvider = auth.NewCachedTokenProvider(found.TokenProvider, nil)
	return found, nil
}

// Project is the project that GOOGLE_CLOUD_PROJECT names, else the one that the credentials, which may be nil, belong to.
func Project(ctx context.Context, found *auth.Credentials) (string, error) {
	if named := os.Getenv("GOOGLE_CLOUD_PROJECT"); named != "" {
		return named, nil
	}
	if found != nil {
		project, err := found.ProjectID(ctx)
		if err != nil {
			return "", Classify(err)
		}
		if project != "" {
			return project, nil
		}
	}
	return "", fault.Errorf(fault.Denied, "the credentials belong to no project: set GOOGLE_CLOUD_PROJECT")
}

// StorageProject is the project that pays where a bucket's owner does not: the one that GOOGLE_CLOUD_PROJECT names, else that
// of the credentials that Cloud Storage is called with.
func StorageProject(ctx context.Context) (string, error) {
	if os.Getenv("GOOGLE_CLOUD_PROJECT") != "" {
		return Project(ctx, nil)
	}
	found, err := Credentials(storageScope)
	if err != nil {
		return "", err
	}
	return Project(ctx, found)
}
