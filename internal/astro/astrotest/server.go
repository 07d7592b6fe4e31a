// Package astrotest is Astro as far as deploys go: an HTTP server with its API, its upload storage, and its awkward
// behaviour, for tests and the demo. It exists because nobody can try a race, an expired upload URL or a lost answer
// on the real service, and because a mock would agree with whatever its author believed of Astro.
//
// It is written from what is known, marked [seen] (recorded from the official CLI), [doc] (documented) or [inferred]
// (concluded); where nothing is known it does what is worse for the client. It is the standard library only but for the registry,
// and keeps everything in memory.
//
// Any well-formed JWT that names an organization is a token, and any Deployment id exists from its first use on, unless
// the Options or the control endpoints (under /_sim/) say otherwise.
package astrotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options are the settings of a Server. The zero value is as unkind as Astro is.
type Options struct {
	// Now is the server's clock; nil is time.Now.
	Now func() time.Time
	// StrictDeployments are the only Deployments there are; nil means that each exists from its first use on.
	StrictDeployments []string
	// NoRateLimit switches the limits per token off.
	NoRateLimit bool
	// ArriveAfter is how long a finalized version is desired before the Deployment runs it; 0 is a second, less is at
	// once.
	ArriveAfter time.Duration
	// FinalizeTakes is how long a finalize works before it applies anything. Users measured 4–17 s [doc].
	FinalizeTakes time.Duration
	// UploadTTL is how long an upload URL lives; 0 is 10 minutes [doc].
	UploadTTL time.Duration
	// Registry is whether images can be pushed: Deployments name a repository of this server's, and a finalized image has
	// to be there. Without it, whatever is finalized counts as pushed.
	Registry bool
}

// Server is the simulator. Use New, or Start in a test.
type Server struct {
	o      Options
	mux    *http.ServeMux
	url    string
	closed chan struct{}
	images http.Handler    // the registry, nil without one
	ops    map[string]bool // the operations that there are

	mu          sync.Mutex
	deployments map[string]*deployment
	workspaces  map[string]string // id → organization
	objects     []environmentObject
	faults      []Fault
	taken       map[string][]time.Time // the rate limits' memory
	sequence    int
	host        string // as the client of the last request called the server
}

// New makes a server without Deployments. Serve it with net/http.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UploadTTL == 0 {
		o.UploadTTL = 10 * time.Minute
	}
	if o.ArriveAfter == 0 {
		o.ArriveAfter = time.Second
	}
	s := &Server{
		o: o, mux: http.NewServeMux(), closed: make(chan struct{}), ops: map[string]bool{},
		deployments: map[string]*deployment{}, workspaces: map[string]string{}, taken: map[string][]time.Time{},
	}
	s.routes()
	return s
}

// ServeHTTP answers the API (under /v1/), uploads and the control endpoints.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) routes() {
	const organization = "/v1/organizations/{organization}"
	const one = organization + "/deployments/{deployment}"
	for pattern, to := range map[string]struct {
		op string
		h  handler
	}{
		"GET " + one:                                           {"deployment", s.getDeployment},
		"POST " + one:                                          {"update", s.updateDeployment},
		"POST " + one + "/deploys":                             {"create", s.createDeploy},
		"GET " + one + "/deploys":                              {"deploys", s.listDeploys},
		"GET " + one + "/deploys/{deploy}":                     {"deploy", s.getDeploy},
		"POST " + one + "/deploys/{deploy}":                    {"describe", s.describeDeploy},
		"POST " + one + "/deploys/{deploy}/finalize":           {"finalize", s.finalizeDeploy},
		"POST " + one + "/deploys/{deploy}/rollback":           {"rollback", s.rollbackDeploy},
		"POST " + one + "/hibernation-override":                {"hibernation", s.hibernate},
		"DELETE " + one + "/hibernation-override":              {"hibernation", s.wake},
		"GET /v1/organizations":                                {"organizations", s.listOrganizations},
		"GET " + organization + "/deployments":                 {"deployments", s.listDeployments},
		"GET " + organization + "/deployment-options":          {"options", s.deploymentOptions},
		"GET " + organization + "/workspaces":                  {"workspaces", s.listWorkspaces},
		"GET " + organization + "/environment-objects":         {"objects", s.listObjects},
		"POST " + organization + "/environment-objects":        {"objects", s.createObject},
		"DELETE " + organization + "/environment-objects/{id}": {"objects", s.deleteObject},
	} {
		s.ops[to.op] = true
		s.mux.HandleFunc(pattern, s.api(to.op, to.h))
	}
	s.ops["upload"] = true
	s.mux.HandleFunc(blobPath+"{deployment}/dags.tar.gz", s.serveBlob)
	s.controlRoutes()
	if s.o.Registry {
		s.registryRoutes()
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(http.StatusNotFound, "there is no %s %s", r.Method, r.URL.Path).response(s.id()).write(w)
	})
}

// request is an API request whose token was read.
type request struct {
	http   *http.Request
	body   []byte
	caller caller
	fault  Fault
}

func (q *request) organization() string { return q.http.PathValue("organization") }

// decode reads the body into a struct; what it does not know is let be.
func (q *request) decode(into any) error {
	if err := json.Unmarshal(q.body, into); err != nil {
		return problem(http.StatusBadRequest, "the body is no valid JSON: %v", err)
	}
	return nil
}

// handler answers a request while the server's state is locked.
type handler func(*request) (any, error)

const maxBody = 4 << 20

func (s *Server) api(op string, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			problem(http.StatusBadRequest, "the body cannot be read").response(s.id()).write(w)
			return
		}
		q := &request{http: r, body: body}
		if err := s.admit(q); err != nil {
			s.encode(nil, err).write(w)
			return
		}
		q.fault = s.take(op, r.PathValue("deployment"))
		s.withFault(w, q.fault, false, func() response { return s.apply(op, h, q) })
	}
}

// admit is what Astro asks of every request: a token that it can read, for this organization, and not too often.
func (s *Server) admit(q *request) error {
	var err error
	if q.caller, err = readCaller(q.http.Header.Get("Authorization"), s.o.Now()); err != nil {
		return err
	}
	if err := s.limit(q); err != nil {
		return err
	}
	if o := q.organization(); o != "" && o != q.caller.organization {
		return problem(http.StatusForbidden, "the token is not one of organization %s", o)
	}
	return nil
}

func (s *Server) apply(op string, h handler, q *request) response {
	if op == "finalize" {
		s.sleep(s.o.FinalizeTakes)
	}
	s.mu.Lock()
	s.host = q.http.Host
	answer, err := h(q)
	s.mu.Unlock()
	return s.encode(answer, err)
}

// sleep ends early only with the server: a request that has come in is worked on, whether or not its client still
// waits.
func (s *Server) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closed:
	}
}

// id is a new id, and the lock must not be held; newID is for those who hold it.
func (s *Server) id() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newID()
}

// newID looks like Astro's: a letter, and 25 characters in all [seen].
func (s *Server) newID() string {
	s.sequence++
	return fmt.Sprintf("clsim%020d", s.sequence)
}

// timestamp is the clock in the resolution of Astro's answers.
func (s *Server) timestamp() time.Time { return s.o.Now().UTC().Truncate(time.Millisecond) }

// response is an answer that was made but not sent, so that a fault can replace it.
type response struct {
	status int
	header map[string]string
	body   []byte
}

func (a response) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that is gone misses it
}

// apiError is an error as Astro answers it.
type apiError struct {
	status     int
	message    string
	retryAfter string
}

func problem(status int, format string, args ...any) *apiError {
	return &apiError{status: status, message: fmt.Sprintf(format, args...)}
}

func (p *apiError) Error() string { return p.message }

func (p *apiError) response(requestID string) response {
	body, _ := json.Marshal(map[string]any{"message": p.message, "requestId": requestID, "statusCode": p.status})
	header := map[string]string{"Content-Type": "application/json"}
	if p.retryAfter != "" {
		header["Retry-After"] = p.retryAfter
	}
	return response{p.status, header, body}
}

func (s *Server) encode(answer any, err error) response {
	var p *apiError
	if errors.As(err, &p) {
		return p.response(s.id())
	}
	if err == nil && answer == nil {
		return response{status: http.StatusNoContent}
	}
	body, marshalErr := json.Marshal(answer)
	if err != nil || marshalErr != nil {
		return problem(http.StatusInternalServerError, "the simulator is broken: %v %v", err, marshalErr).response(s.id())
	}
	return response{http.StatusOK, map[string]string{"Content-Type": "application/json"}, body}
}

// own is the address that the client called the server by.
func own(r *http.Request) string { return "http://" + strings.TrimSuffix(r.Host, "/") }
