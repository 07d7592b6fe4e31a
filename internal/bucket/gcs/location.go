package gcs

import (
	"fmt"
	"regexp"
	"strings"
)

// location is a prefix of a bucket: empty, or ending in "/".
type location struct{ bucket, prefix string }

// bucketName is what Cloud Storage takes for a bucket's name: 3 to 63 characters, 222 with dots in it ("Bucket naming
// requirements" of its documentation).
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$`)

// parse reads gs://bucket/prefix. Nothing is unescaped: what stands after the bucket is the prefix, letter by letter.
func parse(url string) (location, error) {
	rest, ok := strings.CutPrefix(url, "gs://")
	if !ok {
		return location{}, fmt.Errorf("read the address %q: it has to look like gs://bucket/prefix/", url)
	}
	name, prefix, _ := strings.Cut(rest, "/")
	if !bucketName.MatchString(name) {
		return location{}, fmt.Errorf("read the address %q: %q is no name of a bucket", url, name)
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	if strings.HasPrefix(prefix, "/") || strings.Contains(prefix, "//") {
		return location{}, fmt.Errorf("read the address %q: the prefix has an empty folder name (//)", url)
	}
	return location{name, prefix}, nil
}

func (l location) key(relative string) string { return l.prefix + relative }

func (l location) url(relative string) string { return "gs://" + l.bucket + "/" + l.prefix + relative }
