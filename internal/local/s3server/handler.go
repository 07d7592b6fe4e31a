package s3server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// request is a request whose body was read and checked.
type request struct {
	*http.Request
	bucket, key string
	query       url.Values
	body        []byte
	revision    uint64 // of the key, when the request began
}

// ServeHTTP answers a request. The Date is the time at which the request came in, the worst that a client may meet: it
// has to count with all the time that the answer took.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 && r.Header.Get("Expect") != "" {
		// As S3 does, and net/http does not: botocore cannot use a connection again on which the final answer came
		// without it, and hangs. It expects 100 for empty files too, such as __init__.py.
		w.WriteHeader(http.StatusContinue)
	}
	a := newAnswer()
	a.header.Set("Date", s.options.Now().UTC().Format(http.TimeFormat))
	a.header.Set("Server", "AmazonS3")
	a.header.Set("X-Amz-Request-Id", s.events.sequencer())
	req, err := s.begin(r)
	if err == nil {
		err = s.serve(a, req)
	}
	if err != nil {
		refusalOf(err).writeTo(a)
	}
	for _, name := range []string{"X-Amz-Version-Id", "X-Amz-Delete-Marker", "Access-Control-Allow-Origin"} {
		a.header.Del(name) // what gofakes3 says though nothing is versioned
	}
	a.send(w, r)
}

func refusalOf(err error) *refusal {
	var known *refusal
	if errors.As(err, &known) {
		return known
	}
	return refuse(http.StatusInternalServerError, "InternalError", "%v", err)
}

// begin reads the body: what a client sends slowly is compared with the state in which it began to send.
func (s *Server) begin(r *http.Request) (*request, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	req := &request{Request: r, bucket: bucket, key: key, query: r.URL.Query()}
	s.mu.RLock()
	req.revision = s.revisions[bucket+"/"+key]
	s.mu.RUnlock()
	if r.ContentLength < 0 {
		return nil, refuse(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.")
	}
	if req.body, err = verified(r, raw); err != nil {
		return nil, err
	}
	return req, nil
}

// subresources are what would be taken for a listing or an object's contents if it were passed on.
func subresources() []string {
	return []string{
		"acl", "accelerate", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
		"legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy",
		"policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select",
		"tagging", "torrent", "versionId", "versions", "website",
	}
}

func (s *Server) serve(a *answer, req *request) error {
	for _, name := range subresources() {
		if req.query.Has(name) {
			return notImplemented()
		}
	}
	if exists, _ := s.store.BucketExists(req.bucket); req.key != "" && !exists {
		return noSuchBucket()
	}
	reads := req.Method == http.MethodGet || req.Method == http.MethodHead
	switch {
	case req.key == "" && req.Method == http.MethodGet && req.bucket != "" && !req.query.Has("location") &&
		!req.query.Has("uploads") && !req.query.Has("versioning"):
		return s.list(a, req)
	case req.key == "" && req.Method == http.MethodPost && req.query.Has("delete"):
		return s.deleteMany(a, req)
	case req.key == "" && req.Method == http.MethodPost:
		return notImplemented()
	case req.key != "" && reads && !req.query.Has("uploadId"):
		return s.read(a, req)
	case req.key != "" && !reads:
		return s.write(a, req)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass(a, req)
	return nil
}

// read answers GET and HEAD of an object.
func (s *Server) read(a *answer, req *request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if found, ok := s.store.head(req.bucket, req.key); ok {
		if err := mayRead(req, found); err != nil {
			a.header.Set("ETag", found.etag)
			return err
		}
	}
	s.pass(a, req)
	if etag := a.header.Get(etagKey); etag != "" {
		a.header.Set("ETag", etag)
		a.header.Del(etagKey)
	}
	if !strings.EqualFold(req.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") || a.status == http.StatusPartialContent {
		for name := range a.header {
			if strings.HasPrefix(name, "X-Amz-Checksum-") {
				a.header.Del(name)
			}
		}
	}
	return nil
}

// mayRead checks an archive tier and the preconditions of a read, which gofakes3 must not judge again.
func mayRead(req *request, found object) error {
	if err := readable(req.Header, found); err != nil {
		return err
	}
	if req.Method == http.MethodGet && slices.Contains([]string{"GLACIER", "DEEP_ARCHIVE"}, found.class) {
		return refuse(http.StatusForbidden, "InvalidObjectState", "The operation is not valid for the object's storage class")
	}
	req.Header.Del("If-Match")
	req.Header.Del("If-None-Match")
	return nil
}

// write answers PUT, POST and DELETE of an object: the judgement, the write and its event are one step.
func (s *Server) write(a *answer, req *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, existed := s.store.head(req.bucket, req.key)
	change := changeOf(req)
	if change != "" {
		conflict := s.revisions[req.bucket+"/"+req.key] != req.revision
		if err := writable(req, before, existed, conflict); err != nil {
			return err
		}
	}
	if req.Header.Get("X-Amz-Copy-Source") != "" {
		if err := s.mayCopy(req); err != nil {
			return err
		}
	}
	s.pass(a, req)
	if !a.ok() || change == "" || (change == removed && !existed) {
		return nil
	}
	if change == completed {
		s.store.setETag(req.bucket, req.key, etagIn(a.body.String()))
	}
	s.changed(change, req.bucket, req.key)
	return nil
}

// changed counts a change and tells it. The lock is held.
func (s *Server) changed(change change, bucket, key string) {
	s.revisions[bucket+"/"+key]++
	after, _ := s.store.head(bucket, key)
	after.key = key
	s.events.tell(change, bucket, after)
}

// mayCopy checks the source of a copy. Copies of parts are not supported; the AWS command line makes them of objects
// above 8 MB.
func (s *Server) mayCopy(req *request) error {
	if req.query.Has("partNumber") {
		return notImplemented()
	}
	source, err := url.PathUnescape(req.Header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidArgument", "Invalid copy source encoding.")
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	found, ok := s.store.head(bucket, key)
	if !ok {
		return noSuchKey()
	}
	if bucket == req.bucket && key == req.key && req.Header.Get("X-Amz-Metadata-Directive") != "REPLACE" {
		return refuse(http.StatusBadRequest, "InvalidRequest",
			"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata")
	}
	if etag := req.Header.Get("X-Amz-Copy-Source-If-Match"); etag != "" && !matches(etag, found.etag) {
		return preconditionFailed("x-amz-copy-source-If-Match")
	}
	return nil
}

// pass gives a request to gofakes3, without the headers that it would keep as metadata.
func (s *Server) pass(a *answer, req *request) {
	for name := range req.Header {
		if strings.HasPrefix(name, "X-Amz-") && !kept(name, req) {
			req.Header.Del(name)
		}
	}
	req.Body = io.NopCloser(bytes.NewReader(req.body))
	req.ContentLength = int64(len(req.body))
	req.Header.Set("Content-Length", strconv.Itoa(len(req.body)))
	s.fake.ServeHTTP(a, req.Request)
}

func kept(name string, req *request) bool {
	switch {
	case strings.HasPrefix(name, "X-Amz-Meta-"), name == "X-Amz-Copy-Source":
		return true
	case name == storageClassKey:
		return req.Header.Get(name) != "STANDARD" // S3 does not name the standard class
	case req.Method == http.MethodPut && !req.query.Has("uploadId"):
		_, isSum := checksums()[name]
		return isSum
	}
	return false
}

// etagIn finds the ETag that gofakes3 answers to a completed upload.
func etagIn(answer string) string {
	_, rest, _ := strings.Cut(answer, "<ETag>")
	etag, _, _ := strings.Cut(rest, "</ETag>")
	return fmt.Sprintf("%q", strings.Trim(strings.ReplaceAll(etag, "&#34;", ""), `"`))
}
