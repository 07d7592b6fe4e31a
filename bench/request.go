package main

import (
	"net/http"
	"net/url"
	"strings"
)

// request is a request to the store, by what S3 charges for it.
type request struct {
	http        *http.Request
	kind        string // get, head, put, list or other
	bucket, key string
	query       url.Values
	location    bool
}

func readRequest(r *http.Request) request {
	q := request{http: r, kind: "other", query: r.URL.Query()}
	q.bucket, q.key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q.location = q.key == "" && q.query.Has("location")
	switch {
	case r.Method == http.MethodGet && q.key == "" && !q.location:
		q.kind = "list"
	case r.Method == http.MethodGet:
		q.kind = "get"
	case r.Method == http.MethodHead:
		q.kind = "head"
	case r.Method == http.MethodPut && q.key != "":
		q.kind = "put"
	}
	return q
}

// plain reports whether a PUT is one of a whole object: its query says nothing but which operation it is.
func (q request) plain() bool { return len(q.query) == 1 && q.query.Get("x-id") == "PutObject" }

// record reports whether a write is a run's record or report, which performance.md's bars count apart.
func (q request) record() bool {
	return q.kind == "put" && (strings.Contains("/"+q.key, "/runs/") || strings.Contains("/"+q.key, "/reports/"))
}

// tally is what was asked since it was last looked at.
type tally struct {
	Get    int   `json:"get"`
	List   int   `json:"list"`
	Head   int   `json:"head"`
	Put    int   `json:"put"`
	Record int   `json:"record"` // PUTs of run records and reports; they are not in Put
	Other  int   `json:"other"`
	Bytes  int64 `json:"bytes"` // that were sent
}

func (t *tally) add(q request, bytes int64) {
	t.Bytes += bytes
	switch {
	case q.record():
		t.Record++
	case q.kind == "get":
		t.Get++
	case q.kind == "list":
		t.List++
	case q.kind == "head":
		t.Head++
	case q.kind == "put":
		t.Put++
	default:
		t.Other++
	}
}
