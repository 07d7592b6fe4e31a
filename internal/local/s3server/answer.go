package s3server

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// answer is an HTTP answer in memory, so that no lock is held while a slow client reads it.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: http.Header{}} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *answer) ok() bool { return a.status < 300 }

func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if r.Method != http.MethodHead && a.status != http.StatusNotModified && a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", fmt.Sprint(a.body.Len()))
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body.Bytes())
	}
}

// refusal is an error as S3 answers it (page "Error responses").
type refusal struct {
	status        int
	code, message string
}

func (e *refusal) Error() string { return e.code + ": " + e.message }

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

func noSuchKey() *refusal {
	return refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
}

func noSuchBucket() *refusal {
	return refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
}

func preconditionFailed(header string) *refusal {
	return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
		"At least one of the pre-conditions you specified did not hold: %s", header)
}

func notImplemented() *refusal {
	return refuse(http.StatusNotImplemented, "NotImplemented",
		"A header or query you provided implies functionality that is not implemented")
}

// writeTo answers with the error; without a body for 304 and HEAD, as HTTP has it.
func (e *refusal) writeTo(a *answer) {
	a.header.Set("Content-Type", "application/xml")
	a.WriteHeader(e.status)
	if e.status != http.StatusNotModified {
		fmt.Fprintf(a, "%s<Error><Code>%s</Code><Message>%s</Message><RequestId>%s</RequestId></Error>",
			xml.Header, e.code, escape(e.message), a.header.Get("X-Amz-Request-Id"))
	}
}

// escape is XML escaping as S3 does it: control characters become references that XML 1.0 forbids, so that a listing
// without EncodingType=url breaks its reader.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' {
			fmt.Fprintf(&b, "&#x%x;", r)
			continue
		}
		_ = xml.EscapeText(&b, []byte(string(r)))
	}
	return b.String()
}
