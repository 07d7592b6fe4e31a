package sim

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

// wire is one worker's way to Astro's simulator.
type wire struct {
	*world
	actor *actor
}

func (w wire) RoundTrip(q *http.Request) (*http.Response, error) {
	var body []byte
	if q.Body != nil {
		body, _ = io.ReadAll(q.Body) // from memory or a file of this process
		_ = q.Body.Close()
	}
	what := operation(q)
	if what == "astro finalize" {
		w.checkFinalize(w.actor, q)
	}
	var answer *http.Response
	f := w.gate.pass(q.Context(), w.actor, what, func() {
		sent := httptest.NewRequest(q.Method, q.URL.String(), bytes.NewReader(body))
		sent.Header = q.Header.Clone()
		sent.ContentLength = int64(len(body))
		recorder := httptest.NewRecorder()
		w.sim.ServeHTTP(recorder, sent)
		answer = recorder.Result()
		answer.Request = q
		if what == "astro finalize" && bringsDags(w.finalizes(q)) {
			w.finalized()
		}
	})
	if f.err != nil {
		if status, ok := f.err.(statusError); ok { //nolint:errorlint // made by judge, never wrapped
			return status.answer(q), nil
		}
		return nil, f.err
	}
	return answer, nil
}

// operation names a request in a trace.
func operation(q *http.Request) string {
	path := q.URL.Path
	switch {
	case q.Method == http.MethodPut:
		return "astro upload"
	case strings.HasSuffix(path, "/finalize"):
		return "astro finalize"
	case strings.HasSuffix(path, "/deploys") && q.Method == http.MethodPost:
		return "astro create"
	case strings.HasSuffix(path, "/deploys"):
		return "astro deploys"
	case strings.Contains(path, "/deploys/"):
		return "astro deploy"
	}
	return "astro deployment"
}

// statusError is an answer of Astro's, or of something between, that is an error.
type statusError int

func (s statusError) Error() string { return http.StatusText(int(s)) }

func (s statusError) answer(q *http.Request) *http.Response {
	return &http.Response{
		StatusCode: int(s), Status: s.Error(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(s.Error())), Request: q,
	}
}

// deployment is the only one there is.
const deployment = "clx1"

func newAstro() *astrotest.Server {
	return astrotest.New(astrotest.Options{NoRateLimit: true})
}
