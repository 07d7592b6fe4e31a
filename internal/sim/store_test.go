package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/fault"
)

// object is an object of the store.
type object struct {
	data     []byte
	modified time.Time
}

// etag is what S3 gives an object that is neither encrypted nor multipart: the same contents have the same.
func (o object) etag() string {
	sum := sha256.Sum256(o.data)
	return hex.EncodeToString(sum[:8])
}

// store is an object store in memory. Its clock is the bubble's, in whole seconds.
type store struct {
	objects map[string]object
	// wrote is called after each write.
	wrote func(key string, before, after []byte)
}

func (s *store) put(key string, data []byte) {
	before := s.objects[key].data
	s.objects[key] = object{data, time.Now().Truncate(time.Second)}
	if s.wrote != nil {
		s.wrote(key, before, data)
	}
}

// view is a prefix of the store as one worker sees it.
type view struct {
	*store
	gate   *gate
	actor  *actor
	prefix string
}

var _ bucket.Bucket = view{}

func (v view) URL(key string) string { return "sim://" + v.prefix + key }

// request sends a request, and returns the time that its answer tells.
func (v view) request(ctx context.Context, what string, do func()) (bucket.Stamp, error) {
	at := bucket.Stamp{Began: v.actor.now()}
	f := v.gate.pass(ctx, v.actor, what, func() {
		at.Date = time.Now().Truncate(time.Second)
		do()
	})
	at.Arrived = v.actor.now()
	switch {
	case f.conflict:
		return at, bucket.ErrConflict
	case f.err != nil:
		return bucket.Stamp{}, fault.As(fault.Transient, f.err)
	}
	return at, nil
}

func (v view) List(ctx context.Context) (bucket.Listing, error) {
	var objects []bucket.Object
	at, err := v.request(ctx, "list "+v.prefix, func() {
		for key, o := range v.objects {
			if rest, ok := strings.CutPrefix(key, v.prefix); ok {
				objects = append(objects, bucket.Object{Key: rest, Size: int64(len(o.data)), ETag: o.etag(), LastModified: o.modified})
			}
		}
	})
	return bucket.NewListing(objects, at), err
}

func (v view) Open(ctx context.Context, listed bucket.Object) (io.ReadCloser, error) {
	var data []byte
	changed := false
	_, err := v.request(ctx, "read "+listed.Key, func() {
		o, ok := v.objects[v.prefix+listed.Key]
		changed = !ok || o.etag() != listed.ETag // as If-Match: it does not compare times
		data = o.data
	})
	if err == nil && changed {
		err = fault.As(fault.Transient, fmt.Errorf("%s: %w", listed.Key, bucket.ErrChanged))
	}
	return io.NopCloser(bytes.NewReader(data)), err
}

func (v view) Get(ctx context.Context, key string) (bucket.Value, error) {
	var o object
	var ok bool
	at, err := v.request(ctx, "get "+key, func() { o, ok = v.objects[v.prefix+key] })
	if err == nil && !ok {
		err = bucket.ErrNotExist
	}
	return bucket.Value{Data: o.data, Version: o.version(), At: at}, err
}

// version names a state's version: its contents do, since its fence or its holder change with each write that counts.
func (o object) version() string {
	if o.data == nil {
		return ""
	}
	return o.etag()
}

func (v view) Swap(ctx context.Context, key string, data []byte, version string) (bucket.Value, error) {
	conflict := false
	at, err := v.request(ctx, "swap "+key, func() {
		if conflict = v.objects[v.prefix+key].version() != version; !conflict {
			v.put(v.prefix+key, data)
		}
	})
	if err == nil && conflict {
		err = bucket.ErrConflict
	}
	if errors.Is(err, bucket.ErrConflict) {
		err = fault.As(fault.Transient, err)
	}
	return bucket.Value{Data: data, Version: object{data: data}.version(), At: at}, err
}

func (v view) Put(ctx context.Context, key string, data []byte) error {
	_, err := v.request(ctx, "put "+strings.SplitN(key, "-", 2)[0], func() { v.put(v.prefix+key, data) })
	return err
}
