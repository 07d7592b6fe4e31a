package s3

import (
	"fmt"
	"regexp"
	"strings"
)

// location is a prefix of a bucket: empty, or ending in "/".
type location struct{ bucket, prefix string }

// bucketName is what S3 takes for a bucket's name or an access point's alias, the long-lived ones with capital letters
// and underscores included ("Bucket naming rules" of S3's User Guide).
var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`)

// parse reads s3://bucket/prefix. Nothing is unescaped: what stands after the bucket is the prefix, letter by letter.
func parse(url string) (location, error) {
	rest, ok := strings.CutPrefix(url, "s3://")
	if !ok {
		return location{}, fmt.Errorf("read the address %q: it has to look like s3://bucket/prefix/", url)
	}
	name, prefix, _ := strings.Cut(rest, "/")
	if strings.HasPrefix(name, "arn:") {
		return location{}, fmt.Errorf("read the address %q: give an access point by its alias (name-…-s3alias), not by its ARN", url)
	}
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

func (l location) url(relative string) string { return "s3://" + l.bucket + "/" + l.prefix + relative }
