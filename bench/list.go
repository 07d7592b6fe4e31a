package main

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	xmlSpace  = "http://s3.amazonaws.com/doc/2006-03-01/"
	// maxKeys is the most that S3 puts on a page.
	maxKeys = 1000
)

// page is ListObjectsV2's answer, or ListObjects' (v1).
type page struct {
	v2, encoded              bool
	prefix, delimiter, after string
	limit                    int

	entries strings.Builder
	keys    int
	last    string // the last key or common prefix
	more    bool
}

func readPage(q url.Values) (*page, error) {
	p := &page{
		v2: q.Get("list-type") == "2", encoded: q.Get("encoding-type") == "url",
		prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), after: q.Get("start-after"), limit: maxKeys,
	}
	if !p.v2 {
		p.after = q.Get("marker")
	}
	if token := q.Get("continuation-token"); token != "" {
		after, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			return nil, problem{http.StatusBadRequest, "InvalidArgument"}
		}
		p.after = string(after)
	}
	if n, err := strconv.Atoi(q.Get("max-keys")); err == nil {
		p.limit = min(n, maxKeys)
	}
	return p, nil
}

// list answers one page.
func (b *shelf) list(q request) (answer, int, error) {
	p, err := readPage(q.query)
	if err != nil {
		return answer{}, 0, err
	}
	at, found := slices.BinarySearch(b.keys, max(p.after, p.prefix))
	if found && p.after == b.keys[at] {
		at++
	}
	for ; at < len(b.keys) && strings.HasPrefix(b.keys[at], p.prefix); at++ {
		if key := b.keys[at]; !p.add(key, b.objects[key]) {
			break
		}
	}
	body := p.xml(q.bucket)
	return answer{status: http.StatusOK, header: map[string]string{"Content-Type": "application/xml"}, body: body}, p.keys, nil
}

// add takes a key onto the page, and is false if that is full.
func (p *page) add(key string, o *object) bool {
	common := ""
	if head, _, rolled := strings.Cut(key[len(p.prefix):], p.delimiter); p.delimiter != "" && rolled {
		common = p.prefix + head + p.delimiter
		if common == p.last || common == p.after {
			return true
		}
	}
	if p.keys == p.limit {
		p.more = p.limit > 0
		return false
	}
	p.keys++
	switch {
	case common != "":
		p.last = common
		fmt.Fprintf(&p.entries, "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>", p.text(common))
	case p.encoded:
		p.last = key
		p.entries.WriteString(o.encoded)
	default:
		p.last = key
		p.entries.WriteString(o.plain)
	}
	return true
}

func (p *page) xml(bucket string) []byte {
	var b strings.Builder
	b.Grow(p.entries.Len() + 1024)
	fmt.Fprintf(&b, `%s<ListBucketResult xmlns="%s"><Name>%s</Name><Prefix>%s</Prefix><MaxKeys>%d</MaxKeys><IsTruncated>%t</IsTruncated>`,
		xmlHeader, xmlSpace, bucket, p.text(p.prefix), p.limit, p.more)
	if p.delimiter != "" {
		fmt.Fprintf(&b, "<Delimiter>%s</Delimiter>", p.text(p.delimiter))
	}
	if p.encoded {
		b.WriteString("<EncodingType>url</EncodingType>")
	}
	switch {
	case p.v2 && p.more:
		fmt.Fprintf(&b, "<KeyCount>%d</KeyCount><NextContinuationToken>%s</NextContinuationToken>", p.keys, base64.StdEncoding.EncodeToString([]byte(p.last)))
	case p.v2:
		fmt.Fprintf(&b, "<KeyCount>%d</KeyCount>", p.keys)
	case p.more && p.delimiter != "":
		fmt.Fprintf(&b, "<Marker>%s</Marker><NextMarker>%s</NextMarker>", p.text(p.after), p.text(p.last))
	default:
		fmt.Fprintf(&b, "<Marker>%s</Marker>", p.text(p.after))
	}
	b.WriteString(p.entries.String())
	b.WriteString("</ListBucketResult>")
	return []byte(b.String())
}

func (p *page) text(s string) string {
	if p.encoded {
		return escaped(s)
	}
	return xmlText(s)
}

// entry is an object's part of a listing.
func (o *object) entry(key string) string {
	return fmt.Sprintf("<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s</ETag><Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>",
		xmlText(key), o.modified.Format("2006-01-02T15:04:05.000Z"), xmlText(o.etag), len(o.data))
}

// escaped is EncodingType=url: a query's escaping, with slashes and asterisks as they are.
func escaped(s string) string {
	return strings.NewReplacer("%2F", "/", "%2A", "*").Replace(url.QueryEscape(s))
}

func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}
