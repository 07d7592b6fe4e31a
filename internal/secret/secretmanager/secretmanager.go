// Package secretmanager reads secrets of Google's Secret Manager, and configurations. It stands apart from package secret
// so that a function on another cloud does not carry Google's client libraries.
package secretmanager

import (
	"context"
	"fmt"
	"hash/crc32"
	"strings"
	"unicode/utf8"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
	"github.com/dagferry/dagferry/internal/secret"
)

// Scheme is how a reference to such a secret begins: gcp-secret://projects/<project>/secrets/<name>, or gcp-secret://<name>
// for one of the project that GOOGLE_CLOUD_PROJECT names or the credentials belong to; /versions/<version> behind it for
// one that is not the latest, and #<key> for a text in its JSON.
const Scheme = "gcp-secret"

// Options may stay zero.
type Options struct {
	// Endpoint is the address of a stand-in, host and port, which is called without credentials and TLS.
	Endpoint string
}

// New reads secrets. Credentials are looked for when the first one is read.
func New(o Options) secret.Fetch {
	c := &client{options: o}
	return func(ctx context.Context, name string) (string, error) {
		reference, key, hasKey := strings.Cut(name, "#")
		found, err := c.access(ctx, reference)
		if err != nil {
			return "", err
		}
		if hasKey {
			return secret.Field(string(found.Payload.Data), key)
		}
		return string(found.Payload.Data), nil
	}
}

// Document reads a secret by its whole address, as package config wants configurations read: what it holds, up to 64 KiB,
// and which version that was.
func Document(o Options) func(ctx context.Context, url string) (text []byte, version string, err error) {
	c := &client{options: o}
	return func(ctx context.Context, url string) ([]byte, string, error) {
		found, err := c.access(ctx, strings.TrimPrefix(url, Scheme+"://"))
		if err != nil {
			return nil, "", fmt.Errorf("read %s: %w", url, err)
		}
		return found.Payload.Data, found.Name, nil
	}
}

// access reads one version of a secret.
func (c *client) access(ctx context.Context, reference string) (*secretmanagerpb.AccessSecretVersionResponse, error) {
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	name, err := c.resource(ctx, reference)
	if err != nil {
		return nil, err
	}
	found, err := c.api.AccessSecretVersion(ctx, &secretmanagerpb.AccessSecretVersionRequest{Name: name})
	if err != nil {
		return nil, explain(name, err)
	}
	data, sum := found.GetPayload().GetData(), found.GetPayload().DataCrc32C
	switch {
	case sum != nil && *sum != int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))):
		return nil, fault.Errorf(fault.Transient, "the secret %s was damaged on its way", name)
	case !utf8.Valid(data):
		return nil, fault.Errorf(fault.Denied, "the secret %s is binary; store it as text", name)
	}
	return found, nil
}

// resource is Secret Manager's name for what a reference means.
func (c *client) resource(ctx context.Context, reference string) (string, error) {
	name, version, hasVersion := strings.Cut(reference, "/versions/")
	if !hasVersion {
		version = "latest"
	}
	parts := strings.Split(name, "/")
	switch {
	case version == "" || strings.Contains(version, "/"):
	case len(parts) == 4 && parts[0] == "projects" && parts[1] != "" && parts[2] == "secrets" && parts[3] != "":
		return name + "/versions/" + version, nil
	case len(parts) == 6 && parts[2] == "locations":
		return "", fault.Errorf(fault.Denied, "secrets of one location are not read; use a secret without, such as projects/%s/secrets/%s", parts[1], parts[5])
	case len(parts) == 1 && name != "":
		project, err := gcpsdk.Project(ctx, c.credentials)
		if err != nil {
			return "", fmt.Errorf("%w, or write projects/<project>/secrets/%s", err, name)
		}
		return "projects/" + project + "/secrets/" + name + "/versions/" + version, nil
	}
	return "", fault.Errorf(fault.Denied, "%q is no name of a secret; write projects/<project>/secrets/<name>, with /versions/<version> if it is not the latest", reference)
}

// explain says what to do, where Secret Manager's code alone tells too little.
func explain(name string, err error) error {
	id, version, _ := strings.Cut(name, "/versions/")
	switch status.Code(err) {
	case codes.NotFound:
		return fault.Errorf(fault.Denied, "Secret Manager has no secret %s with a version %s: %w", id, version, err)
	case codes.FailedPrecondition:
		return fault.Errorf(fault.Denied, "the version %s of the secret %s is disabled or destroyed: enable it, or add another: %w", version, id, err)
	case codes.PermissionDenied:
		return fault.Errorf(fault.Denied, "reading the secret %s takes roles/secretmanager.secretAccessor on it: %w", id, err)
	case codes.InvalidArgument:
		return fault.Errorf(fault.Denied, "Secret Manager takes %s for no name of a version: %w", name, err)
	default:
		return gcpsdk.Classify(err)
	}
}
