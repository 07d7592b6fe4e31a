package s3

import (
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithytime "github.com/aws/smithy-go/time"
)

const (
	xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>`
	listBegin = `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`
	listEnd   = `</ListBucketResult>`

	entryBegin = "<Contents>"
	entryEnd   = "</Contents>"
)

// readListing reads the answer to a ListObjectsV2, if it has the form in which S3 writes one: known elements, one after the
// other, without attributes, with ASCII text. Of anything else, however sound, it says that it does not know it.
// Strings are parts of the answer, which they keep in memory: 270 bytes for a key instead of 100.
func readListing(answer []byte) (*s3.ListObjectsV2Output, bool) {
	r := listXML{string(answer)}
	if r.skip(xmlHeader) {
		r.skip("\n")
	}
	if !r.skip(listBegin) {
		return nil, false
	}
	out := &s3.ListObjectsV2Output{}
	if n := strings.Count(r.rest, entryBegin); n > 0 {
		out.Contents = make([]types.Object, 0, n)
	}
	for !r.skip(listEnd) {
		known := false
		if r.skip(entryBegin) {
			known = r.object(out)
		} else if name, value, is := r.leaf(); is {
			known = setList(out, name, value)
		}
		if !known {
			return nil, false
		}
	}
	return out, len(r.rest) == 0
}

// setList sets what is said of the whole listing.
func setList(out *s3.ListObjectsV2Output, name, value string) (known bool) {
	switch name {
	case "Name":
		out.Name = &value
	case "Prefix":
		out.Prefix = &value
	case "Delimiter":
		out.Delimiter = &value
	case "StartAfter":
		out.StartAfter = &value
	case "ContinuationToken":
		out.ContinuationToken = &value
	case "NextContinuationToken":
		out.NextContinuationToken = &value
	case "EncodingType":
		out.EncodingType = types.EncodingType(value)
	case "IsTruncated":
		truncated := value == "true"
		out.IsTruncated = &truncated
		return truncated || value == "false"
	case "KeyCount":
		out.KeyCount, known = count(value)
		return known
	case "MaxKeys":
		out.MaxKeys, known = count(value)
		return known
	default:
		return false
	}
	return true
}

func count(value string) (*int32, bool) {
	n, err := strconv.ParseInt(value, 10, 32)
	small := int32(n)
	return &small, err == nil
}

// object reads an entry to its end.
func (r *listXML) object(out *s3.ListObjectsV2Output) bool {
	var o struct { // together: one allocation instead of four
		types.Object
		key, etag string
		size      int64
		modified  time.Time
	}
	for !r.skip(entryEnd) {
		name, value, is := r.leaf()
		var err error
		switch name {
		case "Key":
			o.key = value
			o.Key = &o.key
		case "ETag":
			o.etag = value
			o.ETag = &o.etag
		case "Size":
			o.size, err = strconv.ParseInt(value, 10, 64)
			o.Size = &o.size
		case "LastModified":
			o.modified, err = smithytime.ParseDateTime(value)
			o.LastModified = &o.modified
		case "StorageClass":
			o.StorageClass = types.ObjectStorageClass(value)
		case "ChecksumType":
			o.ChecksumType = types.ChecksumType(value)
		case "ChecksumAlgorithm":
			o.ChecksumAlgorithm = append(o.ChecksumAlgorithm, types.ChecksumAlgorithm(value))
		default:
			return false
		}
		if !is || err != nil {
			return false
		}
	}
	out.Contents = append(out.Contents, o.Object)
	return true
}

// listXML is what remains to be read.
type listXML struct{ rest string }

// skip reports whether what comes next is text, and goes behind it.
func (r *listXML) skip(text string) (is bool) {
	r.rest, is = strings.CutPrefix(r.rest, text)
	return is
}

// leaf reads <name>value</name> or <name/>.
func (r *listXML) leaf() (name, value string, is bool) {
	if !r.skip("<") {
		return "", "", false
	}
	name, rest, closed := strings.Cut(r.rest, ">")
	if name, empty := strings.CutSuffix(name, "/"); empty {
		r.rest = rest
		return name, "", closed
	}
	text, _, _ := strings.Cut(rest, "<")
	r.rest = rest[len(text):]
	value, is = plain(text)
	return name, value, is && r.skip("</") && r.skip(name) && r.skip(">")
}

// plain is the text's value. It knows printable ASCII, and the entities for what XML itself needs.
func plain(text string) (string, bool) {
	escaped := false
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' || c == '>' {
			return "", false
		}
		escaped = escaped || c == '&'
	}
	if !escaped {
		return text, true
	}
	return unescape(text)
}

func unescape(text string) (string, bool) {
	var value strings.Builder
	value.Grow(len(text))
	for {
		before, rest, more := strings.Cut(text, "&")
		value.WriteString(before)
		if !more {
			return value.String(), true
		}
		entity, after, ended := strings.Cut(rest, ";")
		if !ended {
			return "", false
		}
		switch entity {
		case "quot", "#34":
			value.WriteByte('"')
		case "apos", "#39":
			value.WriteByte('\'')
		case "amp":
			value.WriteByte('&')
		case "lt":
			value.WriteByte('<')
		case "gt":
			value.WriteByte('>')
		default:
			return "", false
		}
		text = after
	}
}
