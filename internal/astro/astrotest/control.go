package astrotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Settings change a Deployment; what is nil is left.
type Settings struct {
	Exists             *bool   `json:"exists,omitempty"`
	IsDagDeployEnabled *bool   `json:"isDagDeployEnabled,omitempty"`
	IsCicdEnforced     *bool   `json:"isCicdEnforced,omitempty"`
	Type               *string `json:"type,omitempty"`
	Status             *string `json:"status,omitempty"`
	RuntimeVersion     *string `json:"runtimeVersion,omitempty"`
	// IsDevelopmentMode is for Deployments that hibernate: an update cannot switch it on [doc].
	IsDevelopmentMode *bool `json:"isDevelopmentMode,omitempty"`
}

// Update changes a Deployment, and makes it if it is not there.
func (s *Server) Update(deployment string, to Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.StrictDeployments != nil && !slices.Contains(s.o.StrictDeployments, deployment) {
		s.o.StrictDeployments = append(slices.Clone(s.o.StrictDeployments), deployment)
	}
	s.lookup(deployment)
	d := s.deployments[deployment]
	if to.Exists != nil {
		d.missing = !*to.Exists
	}
	replace(&d.dagDeploys, to.IsDagDeployEnabled)
	replace(&d.cicdEnforced, to.IsCicdEnforced)
	replace(&d.kind, to.Type)
	replace(&d.status, to.Status)
	replace(&d.image.runtime, to.RuntimeVersion)
	replace(&d.settings.IsDevelopmentMode, to.IsDevelopmentMode)
}

func replace[T any](old *T, by *T) {
	if by != nil {
		*old = *by
	}
}

// Live is the tree that the Deployment was last told to run, sorted by path, whether or not it has arrived.
func (s *Server) Live(deployment string) []LiveFile {
	if u := s.live(deployment); u != nil {
		return slices.Clone(u.files)
	}
	return []LiveFile{}
}

// Files are those of a version of the Deployment's DAGs, sorted by path: nil if there is no such version.
func (s *Server) Files(deployment, dagTarballVersion string) []LiveFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.deployments[deployment]
	if d == nil || d.blob.versions[dagTarballVersion] == nil {
		return nil
	}
	return slices.Clone(d.blob.versions[dagTarballVersion].files)
}

// LiveArchive is what was uploaded for Live, and nil if nothing was.
func (s *Server) LiveArchive(deployment string) []byte {
	if u := s.live(deployment); u != nil {
		return bytes.Clone(u.data)
	}
	return nil
}

func (s *Server) live(id string) *upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.deployments[id]
	if d == nil {
		return nil
	}
	return d.blob.versions[d.desired]
}

// Deploys is the Deployment's whole history, newest first, with Failure.
func (s *Server) Deploys(deployment string) []Deploy {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Deploy{}
	if d := s.deployments[deployment]; d != nil {
		for _, p := range slices.Backward(d.deploys) {
			all = append(all, *p)
		}
	}
	return all
}

// Variables are the Deployment's environment variables with the values of the secret ones, which Astro keeps to itself.
func (s *Server) Variables(deployment string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	if d := s.deployments[deployment]; d != nil {
		for _, v := range d.settings.EnvironmentVariables {
			all[v.Key] = v.text()
		}
	}
	return all
}

// person is who deploys through Deploy and Rollback.
func person() Subject { return Subject{ID: "clsimperson", Type: "USER"} }

// Deploy deploys an archive the way a person would, past all faults and limits.
func (s *Server) Deploy(deployment, description string, archive []byte) Deploy {
	files, archiveErr := readArchive(archive)
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.lookup(deployment)
	if d == nil {
		return Deploy{}
	}
	p := s.begin(d, person(), "DAG_ONLY", description)
	s.finish(d, p, s.version(&d.blob, &upload{archive, files, archiveErr}), "")
	return *p
}

// Rollback rolls back to a deploy the way a person would, past all faults and limits.
func (s *Server) Rollback(deployment, deploy, description string) (Deploy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.lookup(deployment)
	if d == nil {
		return Deploy{}, problem(http.StatusNotFound, "deployment %s not found", deployment)
	}
	p, err := s.goBack(d, person(), deploy, description)
	if err != nil {
		return Deploy{}, err
	}
	return *p, nil
}

// controlRoutes are what scripts use where tests use methods. They ask for no token.
func (s *Server) controlRoutes() {
	s.mux.HandleFunc("GET /_sim/live/{deployment}", s.serveLive)
	s.mux.HandleFunc("GET /_sim/deploys/{deployment}", func(w http.ResponseWriter, r *http.Request) {
		s.encode(s.Deploys(r.PathValue("deployment")), nil).write(w)
	})
	s.mux.HandleFunc("GET /_sim/variables/{deployment}", func(w http.ResponseWriter, r *http.Request) {
		s.encode(s.Variables(r.PathValue("deployment")), nil).write(w)
	})
	s.mux.HandleFunc("POST /_sim/faults", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		s.control(w, r, &f, func() error { return s.faultOf(f) })
	})
	s.mux.HandleFunc("DELETE /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	s.mux.HandleFunc("POST /_sim/deployments/{deployment}", func(w http.ResponseWriter, r *http.Request) {
		var to Settings
		s.control(w, r, &to, func() error {
			s.Update(r.PathValue("deployment"), to)
			return nil
		})
	})
}

func (s *Server) serveLive(w http.ResponseWriter, r *http.Request) {
	id, archive := strings.CutSuffix(r.PathValue("deployment"), ".tar.gz")
	if !archive {
		s.encode(s.Live(id), nil).write(w)
		return
	}
	data := s.LiveArchive(id)
	if data == nil {
		problem(http.StatusNotFound, "nothing was uploaded to deployment %s", id).response(s.id()).write(w)
		return
	}
	response{http.StatusOK, map[string]string{"Content-Type": "application/octet-stream"}, data}.write(w)
}

// faultOf arranges a failure of an operation that there is.
func (s *Server) faultOf(f Fault) error {
	if f.Op != "" && !s.ops[f.Op] {
		return fmt.Errorf("there is no op %q; there are %s", f.Op, strings.Join(slices.Sorted(maps.Keys(s.ops)), ", "))
	}
	s.Fault(f)
	return nil
}

// control reads what a script wants; a word that is not known is an error, because it is a typing error.
func (s *Server) control(w http.ResponseWriter, r *http.Request, into any, do func() error) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		err = do()
	}
	if err != nil {
		problem(http.StatusBadRequest, "%v", err).response(s.id()).write(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
