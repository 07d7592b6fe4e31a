package gcs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/dagferry/dagferry/internal/bucket"
)

// pageSize is the most that Cloud Storage recommends for one answer.
const pageSize = 1000

// List returns every object under the prefix but the prefix's own folder marker, with the time of the last answer.
func (b *Bucket) List(ctx context.Context) (bucket.Listing, error) {
	ctx, c := b.watched(ctx)
	query, err := b.query()
	if err != nil {
		return bucket.Listing{}, b.explain("list", "", err)
	}
	listed := b.bucket.Retryer(c.again()...).Objects(ctx, query)
	listed.PageInfo().MaxSize = pageSize
	var objects []bucket.Object
	for {
		if listed.PageInfo().Remaining() == 0 {
			c.failed.Store(0) // the next page is a call of its own
		}
		attrs, err := listed.Next()
		if errors.Is(err, iterator.Done) {
			return bucket.NewListing(objects, c.stamp()), nil
		}
		if err != nil {
			return bucket.Listing{}, b.explain("list", "", err)
		}
		o, err := b.object(attrs)
		if err != nil {
			return bucket.Listing{}, b.explain("list", "", err)
		}
		if o.Key != "" { // the marker of the prefix itself is no object in it
			objects = append(objects, o)
		}
	}
}

// query asks for what an Object needs. Access control lists are left out, for which the reader would need a permission
// of its own.
func (b *Bucket) query() (*storage.Query, error) {
	q := &storage.Query{Prefix: b.at.prefix, Projection: storage.ProjectionNoACL}
	return q, q.SetAttrSelection([]string{"Name", "Size", "Generation", "Created", "StorageClass"})
}

// object reads an entry of a listing. It has no ETag: Cloud Storage changes that when only metadata does. Its time is
// when this generation was written, for the same reason.
func (b *Bucket) object(listed *storage.ObjectAttrs) (bucket.Object, error) {
	relative, ok := strings.CutPrefix(listed.Name, b.at.prefix)
	if !ok {
		return bucket.Object{}, fmt.Errorf("the answer has the key %q, which is outside of the prefix", listed.Name)
	}
	if listed.Generation <= 0 {
		return bucket.Object{}, fmt.Errorf("the answer has the key %q without a generation", listed.Name)
	}
	return bucket.Object{
		Key:          relative,
		Size:         listed.Size,
		Generation:   listed.Generation,
		LastModified: listed.Created.UTC(),
		StorageClass: tier(listed.StorageClass),
	}, nil
}

func tier(class string) string {
	if class == "STANDARD" {
		return ""
	}
	return class
}
