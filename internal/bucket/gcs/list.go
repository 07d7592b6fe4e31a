package gcs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"

	"github.com/dagferry/dagferry/internal/bucket"
)

// pageSize is the most that Cloud Storage recommends for one answer.
const pageSize = 1000

// listers is how many parts of a listing run side by side, as in package s3.
const listers = 16

// List returns every object under the prefix but the prefix's own folder marker, with the time of the last answer.
func (b *Bucket) List(ctx context.Context) (bucket.Listing, error) {
	objects, at, err := b.listSpan(ctx, "", "")
	if err != nil {
		return bucket.Listing{}, b.explain("list", "", err)
	}
	return bucket.NewListing(objects, at), nil
}

// ListSplit is List in parts that run side by side: each bound, a key in byte order as of an earlier listing, ends one part
// and begins the next. A part is paged like a whole listing, so that bounds that are wrong cost time and never an object.
func (b *Bucket) ListSplit(ctx context.Context, bounds []string) (bucket.Listing, error) {
	cuts := []string{""} // each begins a part
	for _, bound := range bounds {
		if bound > cuts[len(cuts)-1] { // anything else would overlap
			cuts = append(cuts, bound)
		}
	}
	parts, stamps := make([][]bucket.Object, len(cuts)), make([]bucket.Stamp, len(cuts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for i, from := range cuts {
		to := ""
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		group.Go(func() (err error) {
			parts[i], stamps[i], err = b.listSpan(ctx, from, to)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return bucket.Listing{}, b.explain("list", "", err)
	}
	return bucket.Join(parts, stamps), nil
}

// listSpan lists the keys from and up to, not including, to; "" is no bound.
func (b *Bucket) listSpan(ctx context.Context, from, to string) ([]bucket.Object, bucket.Stamp, error) {
	ctx, c := b.watched(ctx)
	query, err := b.query(from, to)
	if err != nil {
		return nil, bucket.Stamp{}, err
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
			return objects, c.stamp(), nil
		}
		if err != nil {
			return nil, bucket.Stamp{}, err
		}
		o, err := b.object(attrs)
		if err != nil {
			return nil, bucket.Stamp{}, err
		}
		if o.Key != "" { // the marker of the prefix itself is no object in it
			objects = append(objects, o)
		}
	}
}

// query asks for what an Object needs. Access control lists are left out, for which the reader would need a permission
// of its own.
func (b *Bucket) query(from, to string) (*storage.Query, error) {
	q := &storage.Query{Prefix: b.at.prefix, Projection: storage.ProjectionNoACL}
	if from != "" {
		q.StartOffset = b.at.key(from)
	}
	if to != "" {
		q.EndOffset = b.at.key(to)
	}
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
