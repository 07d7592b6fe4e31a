package s3server

import (
	"net/http"
	"strings"
	"time"
)

// readable judges the preconditions of GET and HEAD, in HTTP's order (RFC 9110, 13.2.2). If-Modified-Since is left to
// gofakes3.
func readable(h http.Header, found object) error {
	if etag := h.Get("If-Match"); etag != "" {
		if !matches(etag, found.etag) {
			return preconditionFailed("If-Match")
		}
	} else if since, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && found.modified.After(since.Truncate(time.Second)) {
		return preconditionFailed("If-Unmodified-Since")
	}
	if etag := h.Get("If-None-Match"); etag != "" && matches(etag, found.etag) {
		return refuse(http.StatusNotModified, "NotModified", "Not Modified")
	}
	return nil
}

// writable judges the preconditions of a write as S3 does (page "Add preconditions to S3 operations with conditional
// requests"): 409 for a conditional write during which another one came through, 404 for If-Match where there is
// nothing, and 412 for the rest. A conditional DELETE of nothing succeeds.
func writable(req *request, found object, exists, conflict bool) error {
	match, none := req.Header.Get("If-Match"), req.Header.Get("If-None-Match")
	req.Header.Del("If-Match")
	req.Header.Del("If-None-Match")
	deletes := req.Method == http.MethodDelete
	switch {
	case match == "" && none == "":
		return nil
	case none != "" && (none != "*" || match != "" || deletes):
		return notImplemented()
	case conflict && !deletes:
		return refuse(http.StatusConflict, "ConditionalRequestConflict",
			"The conditional request cannot succeed due to a conflicting operation against this resource.")
	case none != "" && exists:
		return preconditionFailed("If-None-Match")
	case match != "" && !exists && deletes:
		return nil
	case match != "" && !exists:
		return noSuchKey()
	case match != "" && !matches(match, found.etag):
		return preconditionFailed("If-Match")
	}
	return nil
}

// matches compares a precondition, "*" or a list of ETags with or without quotes, with an object's ETag.
func matches(wanted, etag string) bool {
	for one := range strings.SplitSeq(wanted, ",") {
		one = strings.Trim(strings.TrimSpace(one), `"`)
		if one == "*" || one == strings.Trim(etag, `"`) {
			return true
		}
	}
	return false
}
