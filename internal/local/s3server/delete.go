package s3server

import (
	"encoding/xml"
	"fmt"
	"net/http"
)

// deleteMany answers DeleteObjects: up to 1,000 keys, each judged and told alone.
func (s *Server) deleteMany(a *answer, req *request) error {
	var in struct {
		Quiet   bool
		Objects []struct{ Key, ETag, VersionId string } `xml:"Object"`
	}
	if err := xml.Unmarshal(req.body, &in); err != nil || len(in.Objects) == 0 || len(in.Objects) > maxKeys {
		return refuse(http.StatusBadRequest, "MalformedXML",
			"The XML you provided was not well-formed or did not validate against our published schema")
	}
	if !hasChecksum(req.Header) {
		return refuse(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if exists, _ := s.store.BucketExists(req.bucket); !exists {
		return noSuchBucket()
	}
	a.header.Set("Content-Type", "application/xml")
	fmt.Fprintf(a, `%s<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`, xml.Header)
	for _, o := range in.Objects {
		if err := s.deleteOne(req.bucket, o.Key, o.ETag); err != nil {
			e := refusalOf(err)
			fmt.Fprintf(a, "<Error><Key>%s</Key><Code>%s</Code><Message>%s</Message></Error>", escape(o.Key), e.code, escape(e.message))
		} else if !in.Quiet {
			fmt.Fprintf(a, "<Deleted><Key>%s</Key></Deleted>", escape(o.Key))
		}
	}
	fmt.Fprint(a, "</DeleteResult>")
	return nil
}

// deleteOne deletes an object, when an ETag is given only if it has it. The lock is held.
func (s *Server) deleteOne(bucket, key, etag string) error {
	found, exists := s.store.head(bucket, key)
	if !exists {
		return nil
	}
	if etag != "" && !matches(etag, found.etag) {
		return preconditionFailed("If-Match")
	}
	if _, err := s.store.DeleteObject(bucket, key); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	s.changed(removed, bucket, key)
	return nil
}

func hasChecksum(h http.Header) bool {
	for name := range checksums() {
		if h.Get(name) != "" {
			return true
		}
	}
	return h.Get("Content-Md5") != ""
}
