package main

import (
	"bytes"
	"crypto/md5" //nolint:gosec // an ETag is one
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// store is an S3 in memory that answers as late as S3 does. It is a stand-in for measuring only: it asks for no
// signature and knows no versions. It exists beside internal/local/s3server, which takes 20 ms and more of processor time for
// a page of a listing and 46 µs for an object, and would be measured with whatever asks it; this one takes a tenth of that.
type store struct {
	late latency
	now  func() time.Time

	mu      sync.RWMutex
	buckets map[string]*shelf
	counts  tally
	record  []byte // the run record that was written last
}

// shelf is a bucket.
type shelf struct {
	objects map[string]*object
	keys    []string // in byte order
}

// object is what a key holds. Its entries of a listing are made once.
type object struct {
	data           []byte
	etag           string
	modified       time.Time
	plain, encoded string
}

func newStore(late latency, now func() time.Time, buckets ...string) *store {
	s := &store{late: late, now: now, buckets: map[string]*shelf{}}
	for _, name := range buckets {
		s.buckets[name] = &shelf{objects: map[string]*object{}}
	}
	return s
}

// newObject is an object whose time is told in whole seconds, as S3 does.
func newObject(key string, data []byte, modified time.Time) *object {
	sum := md5.Sum(data) //nolint:gosec // as said
	o := &object{data: data, etag: `"` + hex.EncodeToString(sum[:]) + `"`, modified: modified.UTC().Truncate(time.Second)}
	o.plain, o.encoded = o.entry(key), o.entry(escaped(key))
	return o
}

// put replaces an object, or makes it.
func (b *shelf) put(key string, o *object) {
	if at, there := slices.BinarySearch(b.keys, key); !there {
		b.keys = slices.Insert(b.keys, at, key)
	}
	b.objects[key] = o
}

// fill makes a bucket's objects those of a map.
func (b *shelf) fill(objects map[string]*object) {
	b.objects, b.keys = objects, make([]string, 0, len(objects))
	for key := range objects {
		b.keys = append(b.keys, key)
	}
	slices.Sort(b.keys)
}

// answer is what is sent when the time has come.
type answer struct {
	status int
	header map[string]string
	body   []byte
	object *object // sent instead of a body
}

// ServeHTTP answers a request for an object or a bucket, addressed by path, when S3 would have. What the store itself
// needs to find the answer is part of that time.
func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.now()
	asked := readRequest(r)
	a, keys, err := s.answer(asked)
	if err != nil {
		a = refusal(err)
	}
	w.Header().Set("Date", began.UTC().Format(http.TimeFormat)) // the worst that a client may meet: when it came in
	w.Header().Set("Server", "AmazonS3")
	s.count(asked, a) // before it is answered: who has the answer may ask for the counts
	if wait(r, began.Add(s.late.of(asked, keys)).Sub(s.now())) {
		a.send(w, r)
	}
}

func (s *store) count(q request, a answer) {
	size := int64(len(a.body))
	if a.object != nil && q.kind == "get" {
		size += int64(len(a.object.data))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.add(q, size)
}

// wait is false if the client went away meanwhile.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// send sends it. Conditions and ranges other than If-Match are left to net/http, which takes its time.
func (a answer) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, value := range a.header {
		h.Set(name, value)
	}
	o := a.object
	if o == nil {
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body) // a client that is gone misses it
		return
	}
	h["Etag"] = []string{o.etag}
	h.Set("Content-Type", "binary/octet-stream")
	h.Set("Accept-Ranges", "bytes")
	for _, rare := range []string{"Range", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if r.Header.Get(rare) != "" {
			http.ServeContent(w, r, "", o.modified, bytes.NewReader(o.data))
			return
		}
	}
	h.Set("Last-Modified", o.modified.Format(http.TimeFormat))
	h.Set("Content-Length", strconv.Itoa(len(o.data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(o.data)
	}
}

// answer finds what to answer, and how many keys of a listing that is.
func (s *store) answer(q request) (a answer, keys int, err error) {
	if q.kind == "put" { // the body is read before anything is locked: a client may be slow
		a, err = s.write(q)
		return a, 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[q.bucket]
	if b == nil {
		return a, 0, problem{http.StatusNotFound, "NoSuchBucket"}
	}
	switch {
	case q.kind == "list":
		return b.list(q)
	case q.location:
		return answer{status: http.StatusOK, body: []byte(xmlHeader + `<LocationConstraint xmlns="` + xmlSpace + `"></LocationConstraint>`)}, 0, nil
	case q.key == "" && q.kind == "head":
		return answer{status: http.StatusOK, header: map[string]string{"X-Amz-Bucket-Region": "us-east-1"}}, 0, nil
	case q.key == "" || q.kind == "other":
		return a, 0, problem{http.StatusNotImplemented, "NotImplemented"}
	}
	o := b.objects[q.key]
	if o == nil {
		return a, 0, problem{http.StatusNotFound, "NoSuchKey"}
	}
	if match := q.http.Header.Get("If-Match"); match != "" && match != "*" && match != o.etag {
		return a, 0, problem{http.StatusPreconditionFailed, "PreconditionFailed"}
	}
	return answer{object: o}, 0, nil
}

// write is a PUT with its conditions, judged as S3 does: 404 for If-Match where there is nothing, else 412.
func (s *store) write(q request) (answer, error) {
	if q.http.Header.Get("Content-Encoding") == "aws-chunked" || q.http.Header.Get("X-Amz-Copy-Source") != "" || q.http.URL.RawQuery != "" && !q.plain() {
		return answer{}, problem{http.StatusNotImplemented, "NotImplemented"}
	}
	data, err := io.ReadAll(q.http.Body)
	if err != nil {
		return answer{}, problem{http.StatusBadRequest, "IncompleteBody"}
	}
	made := newObject(q.key, data, s.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[q.bucket]
	if b == nil {
		return answer{}, problem{http.StatusNotFound, "NoSuchBucket"}
	}
	found := b.objects[q.key]
	switch match := q.http.Header.Get("If-Match"); {
	case match != "" && found == nil:
		return answer{}, problem{http.StatusNotFound, "NoSuchKey"}
	case match != "" && match != found.etag, q.http.Header.Get("If-None-Match") != "" && found != nil:
		return answer{}, problem{http.StatusPreconditionFailed, "PreconditionFailed"}
	}
	b.put(q.key, made)
	if q.record() && strings.HasSuffix(q.key, ".json") {
		s.record = data
	}
	return answer{status: http.StatusOK, header: map[string]string{"ETag": made.etag}}, nil
}

// problem is an error as S3 answers it.
type problem struct {
	status int
	code   string
}

func (p problem) Error() string { return p.code }

func refusal(err error) answer {
	p, ok := err.(problem) //nolint:errorlint // nothing wraps it
	if !ok {
		p = problem{http.StatusInternalServerError, "InternalError"}
	}
	body := fmt.Sprintf(xmlHeader+"<Error><Code>%s</Code><Message>%[1]s</Message></Error>", p.code)
	return answer{status: p.status, header: map[string]string{"Content-Type": "application/xml"}, body: []byte(body)}
}
