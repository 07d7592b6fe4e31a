package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

// Fetch reads the configuration that an address such as s3://bucket/dagferry.yaml names: its text, and a version that is
// another whenever the text is. Its errors are classified (package fault) and name the address.
type Fetch func(ctx context.Context, url string) (text []byte, version string, err error)

// Reader reads configurations from wherever they are, anew each time that it is asked, and parses them when they changed.
// It may be used by many goroutines; what it returns is shared and must not be changed. Its zero value reads files.
type Reader struct {
	// Fetch reads addresses, by scheme: the adapters that a host brings.
	Fetch map[string]Fetch

	mu            sync.Mutex
	from, version string
	last          Config
}

// Function is the configuration of a function: DAGFERRY_CONFIG holds it, or DAGFERRY_CONFIG_FILE names its place.
func (r *Reader) Function(ctx context.Context, e Env) (Config, error) {
	inline, place := e.get("DAGFERRY_CONFIG"), e.get("DAGFERRY_CONFIG_FILE")
	switch {
	case inline != "" && place != "":
		return Config{}, fault.Errorf(fault.Denied, "read the configuration: DAGFERRY_CONFIG and DAGFERRY_CONFIG_FILE are both set; keep one")
	case inline != "":
		return Parse("DAGFERRY_CONFIG", []byte(inline))
	case place != "":
		return r.Load(ctx, place)
	}
	return Config{}, fault.Errorf(fault.Denied,
		"read the configuration: set DAGFERRY_CONFIG to the contents of a dagferry.yaml, or DAGFERRY_CONFIG_FILE to where it is (%s)", r.forms())
}

// Load reads a configuration from a path or an address.
func (r *Reader) Load(ctx context.Context, place string) (Config, error) {
	scheme, _, isURL := strings.Cut(place, "://")
	if !isURL {
		return Load(place)
	}
	fetch := r.Fetch[scheme]
	if fetch == nil {
		return Config{}, fault.Errorf(fault.Denied, "read the configuration: this program does not know %q addresses; write one of: %s", scheme+"://", r.forms())
	}
	text, version, err := fetch(ctx, place)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if version != "" && place == r.from && version == r.version {
		return r.last, nil
	}
	// Parameters are an operator's, as a function's environment is; a bucket may be open to many.
	c, err := parseText(&document{name: place, fromBucket: scheme != "ssm"}, text)
	if err != nil {
		return Config{}, err
	}
	r.from, r.version, r.last = place, version, c
	return c, nil
}

// forms are what a place may look like.
func (r *Reader) forms() string {
	forms := []string{"a path"}
	for _, scheme := range slices.Sorted(maps.Keys(r.Fetch)) {
		forms = append(forms, scheme+"://…")
	}
	return strings.Join(forms, ", ")
}

// FromBucket fetches objects: s3://bucket/folder/dagferry.yaml. open opens the prefix that the object is in, as a bucket
// that reads no objects larger than MaxSize.
func FromBucket(open func(ctx context.Context, prefix string) (bucket.Bucket, error)) Fetch {
	return func(ctx context.Context, url string) ([]byte, string, error) {
		at := strings.LastIndex(url, "/") + 1
		prefix, key := url[:at], url[at:]
		if key == "" || strings.HasSuffix(prefix, "://") {
			return nil, "", fault.Errorf(fault.Denied, "%s names no object; write its whole address, such as s3://acme-dagferry/dagferry.yaml", url)
		}
		b, err := open(ctx, prefix)
		if err != nil {
			return nil, "", err
		}
		object, err := b.Get(ctx, key)
		switch {
		case errors.Is(err, bucket.ErrNotExist):
			return nil, "", fault.Errorf(fault.Denied, "there is no object %s; put the dagferry.yaml there, or correct the address", url)
		case err != nil && fault.Of(err) == fault.Broken:
			return nil, "", fault.As(fault.Denied, err) // such as its size: whoever wrote it has to act
		}
		return object.Data, object.Version, err
	}
}
