package s3

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"path"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

// Swap writes with If-Match, or If-None-Match: * where there must be nothing. The Value has the store's time with
// ErrConflict too.
func (b *Bucket) Swap(ctx context.Context, key string, data []byte, version string) (bucket.Value, error) {
	in := b.putInput(key, data)
	if version == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &version
	}
	ctx, at := stamped(ctx)
	out, err := b.client.PutObject(ctx, in)
	if isConflict(err) {
		return bucket.Value{At: *at}, fault.Errorf(fault.Transient, "swap %s: %w", b.URL(key), bucket.ErrConflict)
	}
	if err != nil {
		return bucket.Value{}, b.explain("swap", key, err)
	}
	if aws.ToString(out.ETag) == "" {
		return bucket.Value{}, fmt.Errorf("swap %s: the store answered without an ETag", b.URL(key))
	}
	return bucket.Value{Data: data, Version: *out.ETag, At: *at}, nil
}

// isConflict: 412 when the version is another, 409 (ConditionalRequestConflict) when somebody else writes at this
// moment, 404 (NoSuchKey) when the version is gone.
func isConflict(err error) bool {
	if err == nil {
		return false
	}
	status := awssdk.Status(err)
	return status == http.StatusPreconditionFailed || status == http.StatusConflict || isMissing(err)
}

// Put writes, whatever was there.
func (b *Bucket) Put(ctx context.Context, key string, data []byte) error {
	_, err := b.client.PutObject(ctx, b.putInput(key, data))
	return b.explain("write", key, err)
}

func (b *Bucket) putInput(key string, data []byte) *s3.PutObjectInput {
	in := &s3.PutObjectInput{
		Bucket:              &b.at.bucket,
		Key:                 aws.String(b.at.key(key)),
		Body:                bytes.NewReader(data), // a body that can be read twice: to be signed, and again at a retry
		ExpectedBucketOwner: b.owner,
	}
	if kind := mime.TypeByExtension(path.Ext(key)); kind != "" { // so that a browser shows a report instead of saving it
		in.ContentType = &kind
	}
	return in
}
