package astrotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Duration is a time.Duration that JSON writes as "2s".
type Duration time.Duration

// UnmarshalJSON reads "2s".
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("read duration: %w", err)
	}
	v, err := time.ParseDuration(s)
	*d = Duration(v)
	return err
}

// MarshalJSON writes "2s".
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// Fault is a failure that was arranged. Several may be: the first that fits a request is taken.
type Fault struct {
	// Op is the operation that fails: create, upload, finalize, rollback, describe, deploy, deploys, deployment, update,
	// hibernation, deployments, organizations, workspaces, options, objects; of a registry token, layer (its bytes), manifest
	// (a tag), registry (all else); "" is any.
	Op string `json:"op,omitempty"`
	// Deployment is the one concerned; "" is any.
	Deployment string `json:"deployment,omitempty"`
	// Skip lets so many requests pass first.
	Skip int `json:"skip,omitempty"`
	// Count is how many requests fail; 0 is one, below 0 all.
	Count int `json:"count,omitempty"`

	// Status is the answer, with Body if there is one.
	Status int `json:"status,omitempty"`
	// Body replaces the answer's body: a proxy's page, half a JSON.
	Body string `json:"body,omitempty"`
	// Header is added to the answer: Retry-After, Location.
	Header map[string]string `json:"header,omitempty"`
	// Drop cuts the connection instead of an answer.
	Drop bool `json:"drop,omitempty"`
	// When is "before" (or ""): the request is not applied; or "after": it is applied, and its answer is lost or
	// replaced.
	When string `json:"when,omitempty"`
	// Delay is how long the request waits, before or after it is applied. It is applied even when its client has given
	// up: what was sent may land late.
	Delay Duration `json:"delay,omitempty"`

	// OmitVersion leaves x-ms-version-id out of an upload's answer.
	OmitVersion bool `json:"omitVersion,omitempty"`
	// ExpireUpload makes create answer with an upload URL that has expired, or upload take it for one.
	ExpireUpload bool `json:"expireUpload,omitempty"`
	// Failed makes the finalized deploy FAILED.
	Failed bool `json:"failed,omitempty"`
}

// Fault arranges a failure.
func (s *Server) Fault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Count == 0 {
		f.Count = 1
	}
	s.faults = append(s.faults, f)
}

// ClearFaults forgets the failures that are still arranged.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// take is the failure for a request, and the zero Fault when there is none.
func (s *Server) take(op, deployment string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		f := &s.faults[i]
		if f.Count == 0 || f.Op != "" && f.Op != op || f.Deployment != "" && f.Deployment != deployment {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Count > 0 {
			f.Count--
		}
		return *f
	}
	return Fault{}
}

// replaces reports whether the client gets another answer than the one that it would.
func (f Fault) replaces() bool { return f.Drop || f.Status != 0 || f.Body != "" }

// withFault applies a request, or not, and answers it, or not.
func (s *Server) withFault(w http.ResponseWriter, f Fault, upload bool, apply func() response) {
	after := f.When == "after"
	if !after {
		s.sleep(time.Duration(f.Delay))
	}
	var answer response
	if after || !f.replaces() {
		answer = apply()
	}
	if after {
		s.sleep(time.Duration(f.Delay))
	}
	if f.Drop {
		drop(w)
		return
	}
	if f.replaces() {
		answer = s.replacement(f, upload)
	}
	for k, v := range f.Header {
		w.Header().Set(k, v)
	}
	answer.write(w)
}

func (s *Server) replacement(f Fault, upload bool) response {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch {
	case f.Body != "":
		return response{status: status, body: []byte(f.Body)}
	case upload:
		code := map[int]string{403: "AuthenticationFailed", 500: "InternalError", 503: "ServerBusy"}[status]
		return (&azureError{status, code, http.StatusText(status)}).response(s.id())
	default:
		return problem(status, "%s", http.StatusText(status)).response(s.id())
	}
}

// drop cuts the connection without an answer.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway) // HTTP/2: it cannot be cut
		return
	}
	_ = conn.Close()
}
