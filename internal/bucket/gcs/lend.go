package gcs

import (
	"context"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/storage"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
	"github.com/dagferry/dagferry/internal/secret"
)

// Presign makes a URL by which anybody reads an object, with the permissions of this process's service account, until the
// lifetime ends. Where that account has no key here, IAM signs: the account needs roles/iam.serviceAccountTokenCreator on
// itself.
func (b *Bucket) Presign(ctx context.Context, key string, lifetime time.Duration) (secret.Value, error) {
	signed, err := b.sign(ctx, key, lifetime)
	if err != nil {
		return secret.Value{}, fault.Errorf(fault.Of(err), "sign a URL of %s: %w", b.URL(key), err)
	}
	return secret.NewValue(signed), nil
}

func (b *Bucket) sign(ctx context.Context, key string, lifetime time.Duration) (string, error) {
	account, err := gcpsdk.FindAccount(ctx, b.iam)
	if err != nil {
		return "", err
	}
	o := storage.SignedURLOptions{Scheme: storage.SigningSchemeV4, Method: http.MethodGet, Expires: time.Now().Add(lifetime), GoogleAccessID: account.Email}
	if len(account.Key) > 0 {
		o.PrivateKey = account.Key
	} else {
		o.SignBytes = func(data []byte) ([]byte, error) { return account.Sign(ctx, data) }
	}
	if host, plain := strings.CutPrefix(b.endpoint, "http://"); plain {
		o.Hostname, o.Insecure = host, true
	}
	return storage.SignedURL(b.at.bucket, b.at.key(key), &o)
}

// Remove removes an object, if there is one. A bucket that keeps versions keeps it as one that is not current.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	ctx, c := b.watched(ctx)
	err := b.handle(key, c).Delete(ctx)
	if isMissing(err) {
		return nil
	}
	return b.explain("remove", key, err)
}
