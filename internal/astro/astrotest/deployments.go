package astrotest

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// deployment is a Deployment. The lock of the Server guards it.
type deployment struct {
	id, organization, workspace string
	kind, status                string
	dagDeploys, cicdEnforced    bool
	missing                     bool // told not to exist

	image, before    rollout // told to run, and run until that has arrived
	imageAt          time.Time
	desired, current string // versions of the DAGs
	desiredAt        time.Time
	deploys          []*Deploy // oldest first
	blob             blob

	settings  settings
	updatedAt time.Time

	hibernating      bool
	hibernatingUntil time.Time
}

// airflow is the Airflow of a Runtime, as seen in Astronomer's catalogue.
func airflow(runtime string) string {
	return map[string]string{
		"11.10.0": "2.9.3", "13.9.0": "2.11.2", "3.1-12": "3.1.8", "3.2-10": "3.2.2", "3.3-8": "3.3.2",
	}[runtime]
}

// lookup finds a Deployment, or makes it when every id exists. The lock must be held.
func (s *Server) lookup(id string) *deployment {
	d := s.deployments[id]
	if d == nil && (s.o.StrictDeployments == nil || slices.Contains(s.o.StrictDeployments, id)) {
		d = &deployment{
			id: id, kind: "STANDARD", status: "HEALTHY", dagDeploys: true,
			image: rollout{"deploy-initial", "3.1-12"}, blob: newBlob(), settings: newSettings(id),
		}
		s.deployments[id] = d
	}
	if d == nil || d.missing {
		return nil
	}
	return d
}

// find is the Deployment of a request. Another organization's is not found; one outside the token's scope is
// forbidden [inferred].
func (s *Server) find(q *request) (*deployment, error) {
	id := q.http.PathValue("deployment")
	if q.caller.deployment != "" && q.caller.deployment != id {
		return nil, problem(http.StatusForbidden, "the token has no access to deployment %s", id)
	}
	d := s.lookup(id)
	if d == nil {
		return nil, problem(http.StatusNotFound, "deployment %s not found", id)
	}
	s.claim(d, q.caller)
	switch {
	case d.organization != q.caller.organization:
		return nil, problem(http.StatusNotFound, "deployment %s not found", id)
	case !q.caller.sees(d):
		return nil, problem(http.StatusForbidden, "the token has no access to deployment %s", id)
	default:
		return d, nil
	}
}

// claim puts a Deployment that nobody asked for yet where its first caller is.
func (s *Server) claim(d *deployment, c caller) {
	if d.organization != "" {
		return
	}
	d.organization, d.workspace = c.organization, c.workspace
	if d.workspace == "" {
		d.workspace = defaultWorkspace
	}
	s.workspaces[d.workspace] = d.organization
}

// settle lets the Deployment run what it was told to, once enough time has passed.
func (d *deployment) settle(now time.Time, after time.Duration) {
	if now.Sub(d.desiredAt) >= after {
		d.current = d.desired
	}
}

// desire tells the Deployment which DAGs to run.
func (d *deployment) desire(version string, now time.Time, after time.Duration) {
	d.settle(now, after)
	d.desired, d.desiredAt = version, now
}

// view is a Deployment as Astro answers it [doc].
func (s *Server) view(d *deployment) map[string]any {
	now := s.o.Now()
	d.settle(now, max(s.o.ArriveAfter, 0))
	status, image := d.status, d.image
	if s.rollingOut(d, now) {
		status, image = "DEPLOYING", d.before
	}
	if d.hibernating && (d.hibernatingUntil.IsZero() || now.Before(d.hibernatingUntil)) {
		status = "HIBERNATING"
	}
	v := d.settings.view(d.kind)
	maps.Copy(v, map[string]any{
		"id": d.id, "workspaceId": d.workspace, "organizationId": d.organization, "status": status, "type": d.kind,
		"isDagDeployEnabled": d.dagDeploys, "isCicdEnforced": d.cicdEnforced,
		"dagTarballVersion": d.current, "desiredDagTarballVersion": d.desired,
		"imageRepository": s.liveRepository(d), "imageTag": image.tag,
		"airflowVersion": airflow(image.runtime), "astroRuntimeVersion": image.runtime, "runtimeVersion": image.runtime,
		"webServerUrl": "sim.astronomer.run/" + d.id, "updatedAt": d.updatedAt,
	})
	return v
}

func (s *Server) getDeployment(q *request) (any, error) {
	d, err := s.find(q)
	if err != nil {
		return nil, err
	}
	return s.view(d), nil
}

func (s *Server) hibernate(q *request) (any, error) {
	d, err := s.find(q)
	if err != nil {
		return nil, err
	}
	var body struct {
		IsHibernating bool      `json:"isHibernating"`
		OverrideUntil time.Time `json:"overrideUntil,omitzero"`
	}
	if err := q.decode(&body); err != nil {
		return nil, err
	}
	d.hibernating, d.hibernatingUntil = body.IsHibernating, body.OverrideUntil
	return body, nil
}

func (s *Server) wake(q *request) (any, error) {
	d, err := s.find(q)
	if err != nil {
		return nil, err
	}
	d.hibernating = false
	return nil, nil
}
