package astrotest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

const (
	// tokenPath is where the registry sends for tokens.
	tokenPath = "/_registry/token"

	// registryUser is the name that goes with an API token [seen].
	registryUser = "cli"

	// registryTokenLife is how long the registry's own tokens live: what the protocol says of a token that does not tell.
	registryTokenLife = time.Minute
)

// registryRoutes add a registry with token authentication: it challenges, the client asks for a token with the API token
// as its password, and the token opens one repository. Which status Astro's registry answers is not known; these are the protocol's.
func (s *Server) registryRoutes() {
	s.images = registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	for _, op := range []string{"token", "layer", "manifest", "registry"} {
		s.ops[op] = true
	}
	s.mux.HandleFunc(tokenPath, func(w http.ResponseWriter, r *http.Request) {
		s.registryAnswer(w, r, s.take("token", ""), func() response { return s.issue(r) })
	})
	s.mux.HandleFunc("/v2/", s.serveRegistry)
}

// repository is where a Deployment's images go: as the client that asks reaches the registry. The lock must be held.
func (s *Server) repository(d *deployment) string {
	if s.images == nil {
		return "images.astronomer.cloud/" + d.organization + "/" + d.id
	}
	return s.host + "/" + d.organization + "/" + d.id
}

// liveRepository is where the live image is: among Astro's own, which nobody may push to, until an image is deployed [inferred].
func (s *Server) liveRepository(d *deployment) string {
	own := s.repository(d)
	for _, p := range d.deploys {
		if p.hasImage() && p.Status == deployed {
			return own
		}
	}
	host, _, _ := strings.Cut(own, "/")
	return host + "/baseimages/astro-runtime"
}

func (s *Server) serveRegistry(w http.ResponseWriter, r *http.Request) {
	repository, what, _ := splitRegistryPath(r.URL.Path)
	op := "registry"
	switch {
	case r.Method == http.MethodPatch:
		op = "layer"
	case r.Method == http.MethodPut && what == "manifests":
		op = "manifest"
	}
	_, deployment, _ := strings.Cut(repository, "/")
	s.registryAnswer(w, r, s.take(op, deployment), func() response {
		if refusal := s.mayUse(r, repository); refusal != nil {
			return *refusal
		}
		return record(s.images, r)
	})
}

// registryAnswer is withFault for a registry. One that drops an upload does so in the middle of it.
func (s *Server) registryAnswer(w http.ResponseWriter, r *http.Request, f Fault, apply func() response) {
	if f.Drop && f.When != "after" {
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2) // the client may be gone
	}
	if f.Status >= 400 && f.Body == "" {
		f.Body = string(registryProblem(f.Status, "UNAVAILABLE", "it was told to fail").body)
	}
	s.withFault(w, f, false, apply)
}

// splitRegistryPath takes /v2/org/deployment/blobs/… apart.
func splitRegistryPath(path string) (repository, what, rest string) {
	parts := strings.Split(strings.TrimPrefix(path, "/v2/"), "/")
	if len(parts) < 4 {
		return "", "", ""
	}
	return parts[0] + "/" + parts[1], parts[2], strings.Join(parts[3:], "/")
}

// grant is what a token of the registry opens.
type grant struct {
	Repository string    `json:"repository"`
	Actions    []string  `json:"actions"`
	Expires    time.Time `json:"expires"`
}

// issue answers who asks for a token: with Basic authentication, the user cli and an API token. A repository that the
// API token does not see is left out of what the token opens, as the protocol wants it.
func (s *Server) issue(r *http.Request) response {
	name, password, _ := r.BasicAuth()
	c, err := readCaller("Bearer "+password, s.o.Now())
	if name != registryUser || err != nil {
		return registryProblem(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	}
	g := grant{Expires: s.o.Now().Add(registryTokenLife)}
	for _, scope := range r.URL.Query()["scope"] {
		if parts := strings.Split(scope, ":"); len(parts) == 3 && parts[0] == "repository" && s.seesRepository(c, parts[1]) {
			g.Repository, g.Actions = parts[1], strings.Split(parts[2], ",")
		}
	}
	payload, _ := json.Marshal(g)
	token := encode(payload)
	body, _ := json.Marshal(map[string]any{"token": token + "." + encode(sum(token)), "expires_in": int(registryTokenLife.Seconds())})
	return response{http.StatusOK, map[string]string{"Content-Type": "application/json"}, body}
}

func (s *Server) seesRepository(c caller, repository string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	organization, id, _ := strings.Cut(repository, "/")
	d := s.lookup(id)
	if d == nil {
		return false
	}
	s.claim(d, c)
	return d.organization == organization && c.sees(d)
}

// mayUse is the refusal of a request whose token does not open the repository, nil if it does.
func (s *Server) mayUse(r *http.Request, repository string) *response {
	g, ok := readGrant(r.Header.Get("Authorization"))
	action := "push"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		action = "pull"
	}
	switch {
	case !ok || !s.o.Now().Before(g.Expires):
		refusal := registryProblem(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		refusal.header["WWW-Authenticate"] = fmt.Sprintf(`Bearer realm="%s%s",service="%s"`, own(r), tokenPath, r.Host)
		return &refusal
	case r.URL.Path != "/v2/" && (g.Repository != repository || !slices.Contains(g.Actions, action)):
		refusal := registryProblem(http.StatusForbidden, "DENIED", "requested access to the resource is denied")
		return &refusal
	default:
		return nil
	}
}

func readGrant(authorization string) (g grant, ok bool) {
	token, signature, _ := strings.Cut(strings.TrimPrefix(authorization, "Bearer "), ".")
	payload, err := base64.RawURLEncoding.DecodeString(token)
	ok = err == nil && signature == encode(sum(token)) && json.Unmarshal(payload, &g) == nil
	return g, ok
}

func registryProblem(status int, code, message string) response {
	body, _ := json.Marshal(map[string]any{"errors": []map[string]string{{"code": code, "message": message}}})
	return response{status, map[string]string{"Content-Type": "application/json"}, body}
}

// record is what a handler answers.
func record(h http.Handler, r *http.Request) response {
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(w, r)
	answer := response{w.status, map[string]string{}, w.body}
	for name := range w.header {
		answer.header[name] = w.header.Get(name)
	}
	return answer
}

type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) { w.status = status }

func (w *recorder) Write(p []byte) (int, error) {
	w.body = append(w.body, p...)
	return len(p), nil
}
