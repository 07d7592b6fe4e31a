package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

// Open reads the version that was listed: If-Match with its ETag. S3 sends one version whole, even if another is
// written meanwhile. An object in an archive tier is fault.Rejected; one that was restored can be read, which the
// listing does not show.
func (b *Bucket) Open(ctx context.Context, listed bucket.Object) (io.ReadCloser, error) {
	if listed.ETag == "" {
		return nil, fmt.Errorf("read %s: it was listed without an ETag", b.URL(listed.Key))
	}
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket:              &b.at.bucket,
		Key:                 aws.String(b.at.key(listed.Key)),
		IfMatch:             &listed.ETag,
		ExpectedBucketOwner: b.owner,
		RequestPayer:        b.payer,
	})
	if isChanged(err) {
		return nil, b.changed(listed.Key)
	}
	if err != nil {
		return nil, b.explain("read", listed.Key, err)
	}
	if out.ContentLength != nil && *out.ContentLength != listed.Size {
		return nil, errors.Join(b.changed(listed.Key), out.Body.Close())
	}
	return &body{ReadCloser: out.Body, bucket: b, key: listed.Key, left: listed.Size}, nil
}

// isChanged: 412 when the ETag is another, 404 when the object is gone. A bucket that is gone is not that.
func isChanged(err error) bool {
	return err != nil && (awssdk.Status(err) == http.StatusPreconditionFailed || isMissing(err))
}

func isMissing(err error) bool {
	return err != nil && awssdk.Status(err) == http.StatusNotFound && awssdk.Code(err) != "NoSuchBucket"
}

func (b *Bucket) changed(key string) error {
	return fault.Errorf(fault.Transient, "read %s: %w", b.URL(key), bucket.ErrChanged)
}

// body counts, so that an answer that does not say its length cannot end early, or late, unnoticed.
type body struct {
	io.ReadCloser
	bucket *Bucket
	key    string
	left   int64
}

func (r *body) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.left -= int64(n)
	switch {
	case r.left < 0:
		return n, r.bucket.changed(r.key)
	case errors.Is(err, io.EOF) && r.left > 0:
		return n, r.bucket.explain("read", r.key, io.ErrUnexpectedEOF)
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	default:
		return n, r.bucket.explain("read", r.key, err)
	}
}

// Get reads the newest version. The Value has the store's time even when there is no object.
func (b *Bucket) Get(ctx context.Context, key string) (bucket.Value, error) {
	ctx, at := stamped(ctx)
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket:              &b.at.bucket,
		Key:                 aws.String(b.at.key(key)),
		ExpectedBucketOwner: b.owner,
		RequestPayer:        b.payer,
	})
	if isMissing(err) {
		return bucket.Value{At: *at}, fmt.Errorf("read %s: %w", b.URL(key), bucket.ErrNotExist)
	}
	if err != nil {
		return bucket.Value{}, b.explain("read", key, err)
	}
	defer out.Body.Close() //nolint:errcheck // read to its end, or failed already
	data, err := io.ReadAll(io.LimitReader(out.Body, b.maxValue+1))
	if err != nil {
		return bucket.Value{}, b.explain("read", key, err)
	}
	if int64(len(data)) > b.maxValue {
		return bucket.Value{}, fmt.Errorf("read %s: it is larger than %d bytes, so it is none of dagferry's", b.URL(key), b.maxValue)
	}
	if out.ContentLength != nil && *out.ContentLength != int64(len(data)) {
		return bucket.Value{}, b.explain("read", key, io.ErrUnexpectedEOF)
	}
	return bucket.Value{Data: data, Version: aws.ToString(out.ETag), At: *at}, nil
}
