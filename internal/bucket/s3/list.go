package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/bucket"
)

// listers is how many parts of a listing run side by side: at 20,000 keys, 23 parts in two rounds.
const listers = 16

// List returns every object under the prefix but the prefix's own folder marker, with the time of the last answer.
func (b *Bucket) List(ctx context.Context) (bucket.Listing, error) {
	objects, at, err := b.listSpan(ctx, span{})
	if err != nil {
		return bucket.Listing{}, b.explain("list", "", err)
	}
	return bucket.NewListing(objects, at), nil
}

// ListSplit is List in parts that run side by side: each bound, a key in byte order as of an earlier listing, ends one
// part and begins the next. A part is paged like a whole listing, so that bounds that are wrong cost time and never an
// object; a server that does not list in byte order is listed by List.
func (b *Bucket) ListSplit(ctx context.Context, bounds []string) (bucket.Listing, error) {
	spans := split(bounds)
	parts, stamps := make([][]bucket.Object, len(spans)), make([]bucket.Stamp, len(spans))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for i, s := range spans {
		group.Go(func() (err error) {
			parts[i], stamps[i], err = b.listSpan(groupCtx, s)
			return err
		})
	}
	err := group.Wait()
	if errors.Is(err, errUnordered) {
		return b.List(ctx)
	}
	if err != nil {
		return bucket.Listing{}, b.explain("list", "", err)
	}
	return bucket.Join(parts, stamps), nil
}

// span is the keys after one and up to another, itself included; "" is no bound.
type span struct{ after, until string }

func split(bounds []string) []span {
	var (
		spans []span
		after string
	)
	for _, bound := range bounds {
		if bound > after { // anything else would overlap
			spans = append(spans, span{after, bound})
			after = bound
		}
	}
	return append(spans, span{after, ""})
}

// keep is the objects, in byte order, that belong to the span.
func (s span) keep(objects []bucket.Object) []bucket.Object {
	if s.until == "" {
		return objects
	}
	end, _ := slices.BinarySearchFunc(objects, s.until+"\x00", func(o bucket.Object, key string) int {
		return strings.Compare(o.Key, key)
	})
	return objects[:end]
}

var errUnordered = errors.New("the store does not list in byte order")

func (b *Bucket) listSpan(ctx context.Context, s span) ([]bucket.Object, bucket.Stamp, error) {
	var objects []bucket.Object
	in := b.listInput(s)
	for {
		p, err := b.page(ctx, in)
		if err != nil {
			return nil, bucket.Stamp{}, err
		}
		if s != (span{}) && !slices.IsSortedFunc(p.objects, func(x, y bucket.Object) int { return strings.Compare(x.Key, y.Key) }) {
			return nil, bucket.Stamp{}, errUnordered
		}
		within := s.keep(p.objects)
		objects = append(objects, within...)
		if p.next == nil || len(within) < len(p.objects) {
			return objects, p.at, nil
		}
		in.ContinuationToken = p.next
	}
}

// page is one answer, next the token for the following one or nil.
type page struct {
	objects []bucket.Object
	next    *string
	at      bucket.Stamp
}

func (b *Bucket) page(ctx context.Context, in *s3.ListObjectsV2Input) (page, error) {
	ctx, at := stamped(ctx)
	out, err := b.client.ListObjectsV2(ctx, in)
	if err != nil {
		return page{}, err
	}
	if out.IsTruncated == nil { // the SDK takes an empty body, and anything that is XML, for a listing without objects
		return page{}, fmt.Errorf("the answer does not say whether it is complete: %w", io.ErrUnexpectedEOF)
	}
	p := page{objects: make([]bucket.Object, 0, len(out.Contents)), at: *at}
	for _, listed := range out.Contents {
		o, err := b.object(listed, out.EncodingType)
		if err != nil {
			return page{}, err
		}
		if o.Key != "" { // the marker of the prefix itself is no object in it
			p.objects = append(p.objects, o)
		}
	}
	if *out.IsTruncated {
		if aws.ToString(out.NextContinuationToken) == "" {
			return page{}, errors.New("the answer is cut short without a token for the rest")
		}
		p.next = out.NextContinuationToken
	}
	return p, nil
}

func (b *Bucket) listInput(s span) *s3.ListObjectsV2Input {
	in := &s3.ListObjectsV2Input{
		Bucket: &b.at.bucket,
		Prefix: &b.at.prefix,
		// XML cannot hold control characters: one such key would make the whole listing unreadable.
		EncodingType:        types.EncodingTypeUrl,
		ExpectedBucketOwner: b.owner,
		RequestPayer:        b.payer,
	}
	if s.after != "" {
		in.StartAfter = aws.String(b.at.key(s.after))
	}
	return in
}

// object reads an entry of a listing. Its key is decoded only if the answer says that it is encoded: versitygw ignores
// the request, and a%2Bb would become another key.
func (b *Bucket) object(listed types.Object, encoding types.EncodingType) (bucket.Object, error) {
	key := aws.ToString(listed.Key)
	if strings.EqualFold(string(encoding), string(types.EncodingTypeUrl)) {
		decoded, err := url.QueryUnescape(key)
		if err != nil {
			return bucket.Object{}, fmt.Errorf("decode the key %q: %w", key, err)
		}
		key = decoded
	}
	relative, ok := strings.CutPrefix(key, b.at.prefix)
	if !ok {
		return bucket.Object{}, fmt.Errorf("the answer has the key %q, which is outside of the prefix", key)
	}
	return bucket.Object{
		Key:          relative,
		Size:         aws.ToInt64(listed.Size),
		ETag:         aws.ToString(listed.ETag),
		LastModified: aws.ToTime(listed.LastModified),
		StorageClass: tier(listed.StorageClass),
	}, nil
}

func tier(class types.ObjectStorageClass) string {
	if class == types.ObjectStorageClassStandard {
		return ""
	}
	return string(class)
}
