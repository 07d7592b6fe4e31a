package config

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	// region is a region of any partition: eu-north-1, us-gov-west-1, eusc-de-east-1.
	region = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}$`)
	// roleARN is a role of any partition, with its path.
	roleARN = regexp.MustCompile(`^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}$`)
	account = regexp.MustCompile(`^[0-9]{12}$`)
)

// sources checks and normalises where a target's DAGs are.
func (d *document) sources(t *Target, key string) {
	for i := range t.Sources {
		s, key := &t.Sources[i], fmt.Sprintf("%s.sources[%d]", key, i)
		d.place(&s.URL, key+".url", "s3://acme-dags/prod/dags/")
		d.mount(&s.Mount, key+".mount")
		d.access(*s, key)
		for j, other := range t.Sources[:i] {
			if samePaths(*s, other) || samePaths(other, *s) {
				d.wrong(key+".url", "sources[%d] (%s, mount %q) has the same files at the same paths; leave one of the two out, or write another mount",
					j, other.URL, other.Mount)
				break
			}
		}
	}
}

// mount checks and normalises a source's folder below the DAG root.
func (d *document) mount(mount *string, key string) {
	*mount = strings.Trim(*mount, "/")
	switch m := *mount; {
	case m == "":
	case strings.Contains(m, `\`):
		d.wrong(key, "write the folder with slashes, such as ml/daily, not with backslashes")
	case strings.ContainsFunc(m, unicode.IsControl):
		d.wrong(key, "it has a control character; write a folder below the DAG root, such as ml")
	case path.Clean(m) != m || m == "." || m == ".." || strings.HasPrefix(m, "../"):
		d.wrong(key, "write a folder below the DAG root, such as ml, without dots and empty segments")
	}
}

// access checks the keys that say how a bucket is reached.
func (d *document) access(s Source, key string) {
	s3Only := []string{"s3"}
	for _, k := range []struct {
		name       string
		of         []string
		set, valid bool
		remedy     string
	}{
		{"region", s3Only, s.Region != "", region.MatchString(s.Region), "write the bucket's AWS region, such as eu-north-1"},
		{"roleArn", s3Only, s.RoleARN != "", roleARN.MatchString(s.RoleARN), "write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/dagferry-reader"},
		{"expectedBucketOwner", s3Only, s.ExpectedBucketOwner != "", account.MatchString(s.ExpectedBucketOwner), `write the id of the bucket's AWS account: 12 digits, in quotes, such as "123456789012"`},
		{"requesterPays", []string{"s3", "gs"}, s.RequesterPays, true, ""},
	} {
		scheme, _, _ := strings.Cut(s.URL, "://")
		switch {
		case k.set && !slices.Contains(k.of, scheme):
			d.wrong(key+"."+k.name, "it is for %s:// sources; leave it out here", strings.Join(k.of, ":// and "))
		case k.set && !k.valid:
			d.wrong(key+"."+k.name, "%s", k.remedy)
		}
	}
}

// samePaths reports whether all files of one source are another's too, at the same paths. Sources that share some paths
// only, a run tells, when there are such files.
func samePaths(inner, outer Source) bool {
	below, is := strings.CutPrefix(inner.URL, outer.URL)
	return is && inner.URL != "" && path.Join(outer.Mount, below) == inner.Mount
}

// apart finds a state that lies in a source, of whichever target: its writes were changes of DAGs, and who may write the
// DAGs could write the state. And a source that lies in a state, since who may write there could write the state of
// other targets.
func (d *document) apart(c *Config) {
	for i, t := range c.Targets {
		for j, s := range t.Sources {
			for _, other := range c.Targets {
				switch {
				case s.URL == "" || other.State == "":
				case strings.HasPrefix(other.State, s.URL):
					d.wrong(sourceURL(i, j), "the state (%s) of the target %s lies in it; put the state elsewhere, or every run would change its own source",
						other.State, other.Name)
				case strings.HasPrefix(s.URL, other.State):
					d.wrong(sourceURL(i, j), "it lies in the state (%s) of the target %s; put one of them elsewhere, for who writes DAGs must not write state",
						other.State, other.Name)
				}
			}
		}
	}
}

func sourceURL(target, source int) string {
	return fmt.Sprintf("targets[%d].sources[%d].url", target, source)
}

// place checks an address, and normalises it to end in a slash.
func (d *document) place(url *string, key, example string) {
	scheme, rest, ok := strings.Cut(*url, "://")
	switch {
	case !ok || rest == "" || (scheme != "s3" && scheme != "gs" && scheme != "file"):
		d.wrong(key, "write an address such as %s", example)
		return
	case scheme != "file" && strings.HasPrefix(rest, "/"):
		d.wrong(key, "it names no bucket; write an address such as %s", example)
		return
	case scheme == "file" && !strings.HasPrefix(rest, "/"):
		d.wrong(key, "write the whole path: file:///…")
		return
	case scheme == "file" && d.fromBucket:
		d.wrong(key, "this configuration is from a bucket, and whoever can write to it could name any folder of this machine; write an s3:// or gs:// address")
		return
	}
	if clean := path.Clean("/" + rest); clean != "/" {
		rest = strings.TrimPrefix(clean, "/") + "/"
		if scheme == "file" {
			rest = "/" + rest
		}
	}
	if written, _ := strings.CutSuffix(*url, "/"); scheme != "file" && written+"/" != scheme+"://"+rest {
		d.wrong(key, "it has empty segments or dots; write %s://%s, if that is where the objects are", scheme, rest)
		return
	}
	*url = scheme + "://" + rest
}
