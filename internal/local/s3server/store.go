package s3server

import (
	"encoding/hex"
	"io"
	"net/http"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// etagKey holds a multipart object's ETag among its metadata: gofakes3 knows only the MD5 of the contents.
const etagKey = "X-Dagferry-Etag"

const storageClassKey = "X-Amz-Storage-Class"

// store is s3mem without its habit of merging the metadata of an overwritten object into the new one (which keeps
// checksums of contents that are gone).
type store struct{ *s3mem.Backend }

// PutObject replaces an object. The Server's lock hides the moment in which there is none.
func (b store) PutObject(
	bucket, key string, meta map[string]string, input io.Reader, size int64, _ *gofakes3.PutConditions,
) (gofakes3.PutObjectResult, error) {
	if _, err := b.DeleteObject(bucket, key); err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	delete(meta, etagKey)
	delete(meta, "X-Amz-Copy-Source")
	return b.Backend.PutObject(bucket, key, meta, input, size, nil)
}

// CopyObject is s3mem's by way of PutObject.
func (b store) CopyObject(srcBucket, srcKey, bucket, key string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObject(b, srcBucket, srcKey, bucket, key, meta)
}

// object is what listings, preconditions and events need of an object.
type object struct {
	key, etag, class string
	size             int64
	modified         time.Time
}

// head looks an object up; ok is false when the object or the bucket does not exist.
func (b store) head(bucket, key string) (o object, ok bool) {
	found, err := b.HeadObject(bucket, key)
	if err != nil {
		return object{}, false
	}
	modified, _ := time.Parse(http.TimeFormat, found.Metadata["Last-Modified"])
	o = object{key: key, size: found.Size, modified: modified, class: found.Metadata[storageClassKey]}
	if o.etag = found.Metadata[etagKey]; o.etag == "" {
		o.etag = `"` + hex.EncodeToString(found.Hash) + `"`
	}
	return o, true
}

// setETag gives a multipart object its ETag. s3mem hands out its own map of metadata.
func (b store) setETag(bucket, key, etag string) {
	if found, err := b.HeadObject(bucket, key); err == nil {
		found.Metadata[etagKey] = etag
	}
}
