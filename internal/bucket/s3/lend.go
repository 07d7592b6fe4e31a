package s3

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/secret"
)

// Presign makes a URL by which anybody reads an object, with the permissions of this process's credentials, until the
// lifetime ends, or those credentials do. No request is sent, but for credentials.
func (b *Bucket) Presign(ctx context.Context, key string, lifetime time.Duration) (secret.Value, error) {
	in := &s3.GetObjectInput{Bucket: &b.at.bucket, Key: aws.String(b.at.key(key))}
	signed, err := s3.NewPresignClient(b.client).PresignGetObject(ctx, in, s3.WithPresignExpires(lifetime))
	if err != nil {
		return secret.Value{}, fmt.Errorf("sign a URL of %s: %w", b.URL(key), awssdk.Classify(err))
	}
	return secret.NewValue(signed.URL), nil
}

// Remove removes an object, if there is one. A bucket that keeps versions keeps it as one that is not current.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &b.at.bucket, Key: aws.String(b.at.key(key)), ExpectedBucketOwner: b.owner,
	})
	if err != nil {
		return fmt.Errorf("remove %s: %w", b.URL(key), awssdk.Classify(err))
	}
	return nil
}
