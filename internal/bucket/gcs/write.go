package gcs

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"path"

	"cloud.google.com/go/storage"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
)

// Swap writes with ifGenerationMatch, 0 where there must be nothing. The Value has the store's time with ErrConflict
// too, unless the version is none of Cloud Storage's: nothing is asked then.
func (b *Bucket) Swap(ctx context.Context, key string, data []byte, expected string) (bucket.Value, error) {
	conditions := storage.Conditions{DoesNotExist: true}
	if expected != "" {
		conditions = storage.Conditions{GenerationMatch: generation(expected)}
	}
	conflict := fault.Errorf(fault.Transient, "swap %s: %w", b.URL(key), bucket.ErrConflict)
	if conditions == (storage.Conditions{}) {
		return bucket.Value{}, conflict
	}
	ctx, c := b.watched(ctx)
	written, err := b.write(ctx, b.handle(key, c).If(conditions), data)
	if isConflict(err) {
		return bucket.Value{At: c.stamp()}, conflict
	}
	if err != nil {
		return bucket.Value{}, unanswered(b.explain("swap", key, err), c)
	}
	if written <= 0 {
		return bucket.Value{}, fmt.Errorf("swap %s: the store answered without a generation", b.URL(key))
	}
	return bucket.Value{Data: data, Version: version(written), At: c.stamp()}, nil
}

// isConflict: 412 when the generation is another or gone, 409 when somebody else writes at this moment. An
// organization's policy that refuses the write has 412 too.
func isConflict(err error) bool {
	status := gcpsdk.Status(err)
	return status == http.StatusConflict || status == http.StatusPreconditionFailed && gcpsdk.Reason(err) != "orgPolicyConstraintFailed"
}

// unanswered: Denied says that nothing was written, which is not certain when a try before had no answer.
func unanswered(err error, c *call) error {
	if c.sent.Load() > 1 && fault.Of(err) == fault.Denied {
		return fault.As(fault.Transient, err)
	}
	return err
}

// Put writes, whatever was there.
func (b *Bucket) Put(ctx context.Context, key string, data []byte) error {
	ctx, c := b.watched(ctx)
	_, err := b.write(ctx, b.handle(key, c), data)
	return b.explain("write", key, err)
}

// write sends one request and returns the generation that was made. The client library sends a checksum with it, which
// Cloud Storage compares.
func (b *Bucket) write(ctx context.Context, object *storage.ObjectHandle, data []byte) (int64, error) {
	ctx, cancel := context.WithCancel(ctx) // the way to give a Writer up without what was written so far
	defer cancel()
	w := object.NewWriter(ctx)
	w.ChunkSize = len(data) + 1 // so that all of it is one chunk, and one request that can be repeated
	w.ContentType = contentType(object.ObjectName())
	if _, err := w.Write(data); err != nil {
		cancel()
		w.Close() //nolint:errcheck // the first error tells more
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return w.Attrs().Generation, nil
}

// contentType lets a browser show a report instead of saving it.
func contentType(key string) string {
	if kind := mime.TypeByExtension(path.Ext(key)); kind != "" {
		return kind
	}
	return "application/octet-stream" // or the client library guesses
}
