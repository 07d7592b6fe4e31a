// Package bucket is what the sync needs of an object store, and no more: a complete listing of a prefix, reads
// pinned to what was listed, compare-and-swap, and the store's own time. The adapters (s3, gcs, dir) implement Bucket and
// pass one contract, buckettest.
package bucket

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"
)

// Object is an object as a listing showed it.
type Object struct {
	// Key is relative to the prefix that the Bucket was opened at.
	Key string
	// Size in bytes.
	Size int64
	// ETag is what S3 calls it, quotes and all; for a directory, whatever tells two versions of a file apart.
	// It is no hash of the contents: encrypted and multipart objects have others. Empty where there are generations.
	ETag string
	// Generation is GCS's number of this version of the object; 0 elsewhere.
	Generation int64
	// LastModified has the granularity of its store: a second on S3.
	LastModified time.Time
	// StorageClass is the store's name for the tier, such as GLACIER; empty for the standard one.
	StorageClass string
}

// Version is all that a listing tells of which version of the object it is, besides its size: what the listing key goes
// by. "" if it tells nothing.
func (o Object) Version() string {
	switch {
	case o.Generation != 0:
		return strconv.FormatInt(o.Generation, 10)
	case o.ETag != "" && !o.LastModified.IsZero():
		return o.ETag + " " + strconv.FormatInt(o.LastModified.UnixNano(), 10)
	default:
		return ""
	}
}

// Bucket is one prefix of an object store. All keys are relative to it. Errors are classified (package fault) and
// name the object.
type Bucket interface {
	// URL names an object for people: s3://bucket/prefix/key. URL("") is the prefix itself.
	URL(key string) string

	// List returns every object under the prefix. A prefix without objects, or that does not exist, is an empty
	// listing; a missing bucket is an error.
	List(ctx context.Context) (Listing, error)

	// Open reads the contents of the version that was listed. It fails with ErrChanged when the object is another
	// one now or is gone, at once or while it is read; a store that still has the version may read it all the same.
	Open(ctx context.Context, listed Object) (io.ReadCloser, error)

	// Get reads the newest version of a small object. It fails with ErrNotExist when there is none; the time of that
	// answer is told all the same.
	Get(ctx context.Context, key string) (Value, error)

	// Swap writes a small object if the newest version is still the one given, "" meaning that there is none.
	// It fails with ErrConflict when that is not so, and then nothing was written, except when an earlier try of
	// the same call inside an SDK was: only reading again tells. After any other error the outcome is unknown,
	// unless the error is fault.Denied.
	Swap(ctx context.Context, key string, data []byte, version string) (Value, error)

	// Put writes a small object, whatever was there.
	Put(ctx context.Context, key string, data []byte) error
}

// Value is a small object as it was read or written.
type Value struct {
	Data []byte
	// Version is the store's opaque name of this version, for Swap.
	Version string
	// At is the store's time.
	At Stamp
}

var (
	// ErrChanged means that an object is no longer the one that was listed.
	ErrChanged = errors.New("changed since it was listed")
	// ErrNotExist means that there is no such object.
	ErrNotExist = errors.New("does not exist")
	// ErrConflict means that somebody else wrote first.
	ErrConflict = errors.New("somebody else wrote it first")
)

// Stamp is what one answer of a store tells about the store's time (its Date header, in whole seconds), and when the
// asker's own clock showed that the request began and that the answer arrived. The zero Stamp tells nothing.
type Stamp struct {
	Date, Began, Arrived time.Time
}

// IsZero reports whether the answer told no time.
func (s Stamp) IsZero() bool { return s.Date.IsZero() }

// Latest is the latest that the store's clock can show at now, a moment of the asker's clock: Date is rounded down to
// a second, and may have been taken as soon as the request began. A holder of a lease counts with it.
func (s Stamp) Latest(now time.Time) time.Time {
	return s.Date.Add(time.Second + now.Sub(s.Began))
}

// Earliest is the earliest that the store's clock can show at now: Date may have been taken just before the answer
// arrived. One who wants to take an expired lease counts with it.
func (s Stamp) Earliest(now time.Time) time.Time {
	return s.Date.Add(now.Sub(s.Arrived))
}
