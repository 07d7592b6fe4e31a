package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"cloud.google.com/go/storage"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
)

// Open reads the generation that was listed. Cloud Storage never sends another under its number. It sends none when that
// is not the newest any more, unless the bucket keeps versions. A connection that breaks is opened anew where it broke.
func (b *Bucket) Open(ctx context.Context, listed bucket.Object) (io.ReadCloser, error) {
	if listed.Generation <= 0 {
		return nil, fmt.Errorf("read %s: it was listed without a generation", b.URL(listed.Key))
	}
	ctx, c := b.watched(ctx)
	r, err := b.handle(listed.Key, c).Generation(listed.Generation).NewReader(ctx)
	if isMissing(err) {
		return nil, b.changed(listed.Key)
	}
	if err != nil {
		return nil, b.explainRead(ctx, listed.Key, err)
	}
	if r.Attrs.Size >= 0 && r.Attrs.Size != listed.Size {
		return nil, errors.Join(b.changed(listed.Key), r.Close())
	}
	return &body{ReadCloser: r, bucket: b, key: listed.Key, left: listed.Size}, nil
}

func (b *Bucket) handle(key string, c *call) *storage.ObjectHandle {
	return b.bucket.Object(b.at.key(key)).Retryer(c.again()...)
}

// isMissing: 404 when the object or its generation is gone. A bucket that is gone is not that.
func isMissing(err error) bool {
	return gcpsdk.Status(err) == http.StatusNotFound && !strings.Contains(gcpsdk.Message(err), noBucket)
}

// noBucket is how Cloud Storage tells a missing bucket from a missing object ("No such object: …"), which have the same
// status and reason.
const noBucket = "bucket does not exist"

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
	case isMissing(err): // gone when the connection was opened anew
		return n, r.bucket.changed(r.key)
	default:
		return n, r.bucket.explain("read", r.key, err)
	}
}

// Close never fails: the client library repeats there what Read has told.
func (r *body) Close() error {
	r.ReadCloser.Close() //nolint:errcheck // only read from
	return nil
}

// Get reads the newest version. The Value has the store's time even when there is no object.
func (b *Bucket) Get(ctx context.Context, key string) (bucket.Value, error) {
	ctx, c := b.watched(ctx)
	r, err := b.handle(key, c).NewReader(ctx)
	if isMissing(err) {
		return bucket.Value{At: c.stamp()}, fmt.Errorf("read %s: %w", b.URL(key), bucket.ErrNotExist)
	}
	if err != nil {
		return bucket.Value{}, b.explainRead(ctx, key, err)
	}
	defer r.Close() //nolint:errcheck // read to its end, or failed already
	if r.Attrs.Generation <= 0 {
		return bucket.Value{}, fmt.Errorf("read %s: the store answered without a generation", b.URL(key))
	}
	data, err := io.ReadAll(io.LimitReader(r, b.maxValue+1))
	if err != nil {
		return bucket.Value{}, b.explain("read", key, err)
	}
	if int64(len(data)) > b.maxValue {
		return bucket.Value{}, fmt.Errorf("read %s: it is larger than %d bytes, so it is none of dagferry's", b.URL(key), b.maxValue)
	}
	if r.Attrs.Size >= 0 && r.Attrs.Size != int64(len(data)) {
		return bucket.Value{}, b.explain("read", key, io.ErrUnexpectedEOF)
	}
	return bucket.Value{Data: data, Version: version(r.Attrs.Generation), At: c.stamp()}, nil
}

// version is a generation as bucket.Value has it.
func version(generation int64) string { return strconv.FormatInt(generation, 10) }

// generation is 0 for what can be no version: a state that another kind of store wrote was moved here.
func generation(version string) int64 {
	g, err := strconv.ParseInt(version, 10, 64)
	if err != nil || g < 0 {
		return 0
	}
	return g
}
