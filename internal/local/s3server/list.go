package s3server

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// maxKeys is the most that S3 puts on a page of a listing, whatever was asked for.
const maxKeys = 1000

// listing is what ListObjectsV2, or ListObjects (v1), was asked for, and the page that answers it.
type listing struct {
	bucket, prefix, delimiter, after, token string
	v2, encoded                             bool
	limit                                   int

	objects   []object
	prefixes  []string
	last      string // the last key or common prefix of the page
	truncated bool
}

// list answers ListObjectsV2 and ListObjects. gofakes3's own ignores EncodingType, repeats common prefixes on the next
// page, and shows milliseconds.
func (s *Server) list(a *answer, req *request) error {
	page, err := asked(req)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if exists, _ := s.store.BucketExists(req.bucket); !exists {
		return noSuchBucket()
	}
	if err := s.fill(page); err != nil {
		return err
	}
	a.header.Set("Content-Type", "application/xml")
	page.writeTo(a)
	return nil
}

func asked(req *request) (*listing, error) {
	q := req.query
	l := &listing{
		bucket: req.bucket, prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), token: q.Get("continuation-token"),
		v2: q.Get("list-type") == "2", limit: maxKeys, after: q.Get("start-after"),
	}
	if encoding := q.Get("encoding-type"); encoding != "" {
		if l.encoded = encoding == "url"; !l.encoded {
			return nil, refuse(http.StatusBadRequest, "InvalidArgument", "Invalid Encoding Method specified in Request")
		}
	}
	if asked := q.Get("max-keys"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 0 {
			return nil, refuse(http.StatusBadRequest, "InvalidArgument", "Provided max-keys not an integer or within integer range")
		}
		l.limit = min(n, maxKeys)
	}
	if !l.v2 {
		l.after = q.Get("marker")
	}
	if l.v2 && q.Has("continuation-token") {
		after, err := base64.StdEncoding.DecodeString(l.token)
		if err != nil || l.token == "" {
			return nil, refuse(http.StatusBadRequest, "InvalidArgument", "The continuation token provided is incorrect")
		}
		l.after = string(after)
	}
	return l, nil
}

// fill takes one page of the bucket. Without a delimiter the backend can stop at its end.
func (s *Server) fill(l *listing) error {
	if l.limit == 0 {
		return nil
	}
	from := gofakes3.ListBucketPage{Marker: l.after, HasMarker: l.after != ""}
	if l.delimiter == "" {
		from.MaxKeys = int64(l.limit) + 1
	}
	prefix := gofakes3.NewPrefix(&l.prefix, nil)
	found, err := s.store.ListBucket(l.bucket, &prefix, from)
	if err != nil {
		return fmt.Errorf("list bucket: %w", err)
	}
	for _, c := range found.Contents {
		common, rolled := l.common(c.Key)
		if rolled && (common == l.last || common == l.after) {
			continue
		}
		if len(l.objects)+len(l.prefixes) == l.limit {
			l.truncated = true
			return nil
		}
		if rolled {
			l.prefixes, l.last = append(l.prefixes, common), common
			continue
		}
		o, _ := s.store.head(l.bucket, c.Key)
		l.objects, l.last = append(l.objects, o), c.Key
	}
	return nil
}

// common is the common prefix that stands for a key, if it is rolled up.
func (l *listing) common(key string) (string, bool) {
	if l.delimiter == "" {
		return "", false
	}
	head, _, found := strings.Cut(key[len(l.prefix):], l.delimiter)
	return l.prefix + head + l.delimiter, found
}

func (l *listing) writeTo(a *answer) {
	fmt.Fprintf(a, `%s<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`, xml.Header)
	element(a, "Name", l.bucket)
	element(a, "Prefix", l.encode(l.prefix))
	element(a, "MaxKeys", strconv.Itoa(l.limit))
	element(a, "IsTruncated", strconv.FormatBool(l.truncated))
	if l.delimiter != "" {
		element(a, "Delimiter", l.encode(l.delimiter))
	}
	if l.encoded {
		element(a, "EncodingType", "url")
	}
	l.writePosition(a)
	for _, o := range l.objects {
		fmt.Fprint(a, "<Contents>")
		element(a, "Key", l.encode(o.key))
		element(a, "LastModified", o.modified.Format("2006-01-02T15:04:05.000Z"))
		element(a, "ETag", o.etag)
		element(a, "Size", strconv.FormatInt(o.size, 10))
		element(a, "StorageClass", classOf(o))
		fmt.Fprint(a, "</Contents>")
	}
	for _, p := range l.prefixes {
		fmt.Fprintf(a, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", escape(l.encode(p)))
	}
	fmt.Fprint(a, "</ListBucketResult>")
}

// writePosition tells where the page begins and the next one does. v1 has a NextMarker only with a delimiter.
func (l *listing) writePosition(a *answer) {
	if !l.v2 {
		element(a, "Marker", l.encode(l.after))
		if l.truncated && l.delimiter != "" {
			element(a, "NextMarker", l.encode(l.last))
		}
		return
	}
	element(a, "KeyCount", strconv.Itoa(len(l.objects)+len(l.prefixes)))
	if l.token != "" {
		element(a, "ContinuationToken", l.token)
	} else if l.after != "" {
		element(a, "StartAfter", l.encode(l.after))
	}
	if l.truncated {
		element(a, "NextContinuationToken", base64.StdEncoding.EncodeToString([]byte(l.last)))
	}
}

func classOf(o object) string {
	if o.class == "" {
		return "STANDARD"
	}
	return o.class
}

func element(a *answer, name, value string) {
	fmt.Fprintf(a, "<%s>%s</%s>", name, escape(value), name)
}

// encode is EncodingType=url: a query's escaping, with slashes and asterisks as they are.
func (l *listing) encode(s string) string {
	if !l.encoded {
		return s
	}
	return strings.NewReplacer("%2F", "/", "%2A", "*").Replace(url.QueryEscape(s))
}
