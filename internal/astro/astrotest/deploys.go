package astrotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Deploy is a deploy as Astro answers it [doc].
type Deploy struct {
	ID                  string          `json:"id"`
	DeploymentID        string          `json:"deploymentId"`
	Type                string          `json:"type"`
	Status              string          `json:"status"`
	Description         string          `json:"description,omitempty"`
	ImageRepository     string          `json:"imageRepository"`
	ImageTag            string          `json:"imageTag"`
	IsDagDeployEnabled  bool            `json:"isDagDeployEnabled"`
	DagsUploadURL       string          `json:"dagsUploadUrl,omitempty"`
	DagTarballVersion   string          `json:"dagTarballVersion,omitempty"`
	RollbackFromID      string          `json:"rollbackFromId,omitempty"`
	CreatedAt           time.Time       `json:"createdAt"`
	UpdatedAt           time.Time       `json:"updatedAt"`
	CreatedBySubject    Subject         `json:"createdBySubject"`
	AirflowVersion      string          `json:"airflowVersion"`
	AstroRuntimeVersion string          `json:"astroRuntimeVersion"`
	Git                 json.RawMessage `json:"git,omitempty"`

	// Failure is why the deploy has FAILED. Astro does not tell; the control endpoints do.
	Failure string `json:"failure,omitempty"`
}

// Subject is who made a deploy.
type Subject struct {
	ID           string `json:"id"`
	Type         string `json:"subjectType"`
	APITokenName string `json:"apiTokenName,omitempty"`
}

// answer is the deploy without what only the simulator knows.
func (p *Deploy) answer() Deploy {
	a := *p
	a.Failure = ""
	return a
}

const (
	initialized = "INITIALIZED"
	deployed    = "DEPLOYED"
	failed      = "FAILED"
)

// maxDescription is the longest description [doc]; Astro does not say of what, bytes are the strict reading.
const maxDescription = 500

func checkDescription(s string) error {
	if len(s) > maxDescription {
		return problem(http.StatusBadRequest, "invalid request: description must be at most %d characters", maxDescription)
	}
	return nil
}

// deployable is the Deployment of a request that wants to change its code.
func (s *Server) deployable(q *request) (*deployment, error) {
	d, err := s.find(q)
	if err != nil {
		return nil, err
	}
	if q.caller.readOnly {
		return nil, problem(http.StatusForbidden, "the token lacks the permission deployment.deploys.create")
	}
	if d.cicdEnforced && q.caller.tokenID == "" {
		return nil, problem(http.StatusForbidden, "CI/CD is enforced on deployment %s: only API tokens may deploy", d.id)
	}
	return d, nil
}

func (d *deployment) deploy(id string) (*Deploy, error) {
	for _, p := range d.deploys {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, problem(http.StatusNotFound, "deploy %s not found", id)
}

func (s *Server) createDeploy(q *request) (any, error) {
	d, err := s.deployable(q)
	if err != nil {
		return nil, err
	}
	var body struct {
		Type        string          `json:"type"`
		Description string          `json:"description"`
		Git         json.RawMessage `json:"git"`
	}
	if err := q.decode(&body); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"IMAGE_AND_DAG", "IMAGE_ONLY", "DAG_ONLY", "BUNDLE"}, body.Type) {
		return nil, problem(http.StatusBadRequest, "invalid request: unknown deploy type %q", body.Type)
	}
	if err := checkDescription(body.Description); err != nil {
		return nil, err
	}
	p := s.begin(d, q.caller.subjectOf(), body.Type, body.Description)
	p.Git = body.Git
	answer := p.answer()
	if d.dagDeploys {
		answer.DagsUploadURL = s.uploadURL(q, d)
	}
	return answer, nil
}

// begin adds a deploy to the history.
func (s *Server) begin(d *deployment, by Subject, kind, description string) *Deploy {
	now := s.timestamp()
	p := &Deploy{
		ID: s.newID(), DeploymentID: d.id, Type: kind, Status: initialized, Description: description,
		ImageRepository: s.repository(d), ImageTag: d.image.tag, IsDagDeployEnabled: d.dagDeploys,
		CreatedAt: now, UpdatedAt: now, CreatedBySubject: by,
		AirflowVersion: airflow(d.image.runtime), AstroRuntimeVersion: d.image.runtime,
	}
	if p.hasImage() {
		p.ImageTag = fmt.Sprintf("deploy-%s-%d", now.Format("2006-01-02T15-04-05"), s.sequence)
	}
	d.deploys = append(d.deploys, p)
	return p
}

func (s *Server) listDeploys(q *request) (any, error) {
	d, err := s.find(q)
	if err != nil {
		return nil, err
	}
	newest := make([]Deploy, 0, len(d.deploys))
	for _, p := range slices.Backward(d.deploys) { // newest first [inferred]
		newest = append(newest, p.answer())
	}
	return q.page("deploys", newest)
}

// getDeploy tells the upload URL of a deploy that waits for its upload [inferred: the API describes one Deploy for
// all answers]; a list does not.
func (s *Server) getDeploy(q *request) (any, error) {
	d, err := s.find(q)
	if err != nil {
		return nil, err
	}
	p, err := s.findDeploy(q)
	if err != nil {
		return nil, err
	}
	answer := p.answer()
	if d.dagDeploys && p.Status == initialized {
		answer.DagsUploadURL = s.uploadURL(q, d)
	}
	return answer, nil
}

func (s *Server) findDeploy(q *request) (*Deploy, error) {
	d, err := s.find(q)
	if err != nil {
		return nil, err
	}
	return d.deploy(q.http.PathValue("deploy"))
}

func (s *Server) describeDeploy(q *request) (any, error) {
	p, err := s.findDeploy(q)
	if err != nil {
		return nil, err
	}
	var body struct {
		Description string `json:"description"`
	}
	if err := q.decode(&body); err != nil {
		return nil, err
	}
	if err := checkDescription(body.Description); err != nil {
		return nil, err
	}
	p.Description, p.UpdatedAt = body.Description, s.timestamp()
	return p.answer(), nil
}

// finalizeDeploy applies a deploy, whatever happened since it was created and whether or not it was finalized before:
// the last one wins [doc, inferred].
func (s *Server) finalizeDeploy(q *request) (any, error) {
	d, err := s.deployable(q)
	if err != nil {
		return nil, err
	}
	p, err := d.deploy(q.http.PathValue("deploy"))
	if err != nil {
		return nil, err
	}
	var body struct {
		Version string `json:"dagTarballVersion"`
	}
	if err := q.decode(&body); err != nil {
		return nil, err
	}
	version, err := d.carries(p, body.Version)
	if err != nil {
		return nil, err
	}
	failure := s.checkImage(d, p)
	if q.fault.Failed {
		failure = "it was told to fail"
	}
	s.finish(d, p, version, failure)
	return p.answer(), nil
}

// carries is the version of the DAGs that a deploy brings: none for an image alone, which leaves the DAGs [doc].
func (d *deployment) carries(p *Deploy, version string) (string, error) {
	switch {
	case p.Type == "IMAGE_ONLY" || p.Type == "BUNDLE":
		return d.desired, nil
	case p.Type == "IMAGE_AND_DAG" && !d.dagDeploys:
		return "", nil // they are in the image
	case !d.dagDeploys:
		return "", problem(http.StatusBadRequest, "DAG deploys are not enabled on deployment %s", d.id)
	case version == "":
		return "", problem(http.StatusBadRequest, "invalid request: dagTarballVersion is required")
	default:
		return version, nil
	}
}

// finish makes the deploy FAILED, if there is a failure, or the live one. A version that never existed, or is no archive, fails the deploy
// [inferred]: the answer's status is 200 then, which bites those who do not look further.
func (s *Server) finish(d *deployment, p *Deploy, version, failure string) {
	p.UpdatedAt, p.DagTarballVersion = s.timestamp(), version
	p.Status, p.Failure = deployed, ""
	upload := d.blob.versions[version]
	switch {
	case failure != "":
		p.Status, p.Failure = failed, failure
	case version != "" && upload == nil:
		p.Status, p.Failure = failed, "there is no version "+version
	case version != "" && upload.err != nil:
		p.Status, p.Failure = failed, upload.err.Error()
	default:
		if p.hasImage() || p.RollbackFromID != "" { // DAGs alone leave the image, whatever came between
			s.run(d, rollout{p.ImageTag, p.AstroRuntimeVersion})
		}
		d.desire(version, s.o.Now(), max(s.o.ArriveAfter, 0))
	}
}

// historyLasts is how long one can go back [doc].
const historyLasts = 90 * 24 * time.Hour

// rollbackDeploy goes back to a deploy: its code, Runtime and DAG-deploy setting [doc], in a new deploy with the same
// version of the DAGs [inferred].
func (s *Server) rollbackDeploy(q *request) (any, error) {
	d, err := s.deployable(q)
	if err != nil {
		return nil, err
	}
	var body struct {
		Description string `json:"description"`
	}
	if err := q.decode(&body); err != nil {
		return nil, err
	}
	if err := checkDescription(body.Description); err != nil {
		return nil, err
	}
	p, err := s.goBack(d, q.caller.subjectOf(), q.http.PathValue("deploy"), body.Description)
	if err != nil {
		return nil, err
	}
	return p.answer(), nil
}

func (s *Server) goBack(d *deployment, by Subject, id, description string) (*Deploy, error) {
	to, err := d.deploy(id)
	if err != nil {
		return nil, err
	}
	if to.Status != deployed || s.o.Now().Sub(to.CreatedAt) > historyLasts {
		return nil, problem(http.StatusBadRequest, "deploy %s cannot be rolled back to", id)
	}
	d.dagDeploys = to.IsDagDeployEnabled
	p := s.begin(d, by, to.Type, description)
	p.RollbackFromID, p.ImageTag = to.ID, to.ImageTag
	p.AstroRuntimeVersion, p.AirflowVersion = to.AstroRuntimeVersion, to.AirflowVersion
	s.finish(d, p, to.DagTarballVersion, "")
	return p, nil
}
