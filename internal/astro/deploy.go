package astro

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dagferry/dagferry/internal/secret"
)

// Types of a deploy [doc]. Astro may send others.
const (
	TypeDagOnly     = "DAG_ONLY"
	TypeImageOnly   = "IMAGE_ONLY"
	TypeImageAndDag = "IMAGE_AND_DAG"
	TypeBundle      = "BUNDLE"
)

// Statuses of a deploy [doc]. Astro may send others.
const (
	StatusInitialized = "INITIALIZED"
	StatusDeployed    = "DEPLOYED"
	StatusFailed      = "FAILED"
)

// maxDescription is the longest description that Astro takes [doc]. It does not say of what; bytes are the safe reading.
const maxDescription = 500

// Deploy is one deploy to a Deployment [doc].
type Deploy struct {
	ID, DeploymentID, Type, Status, Description string

	// UploadURL is where DAGs go, for about 10 minutes [doc]: an answer to Create has it while DAG-only deploys are
	// enabled on the Deployment, and is without it otherwise.
	UploadURL secret.Value

	// DagTarballVersion names the DAGs that the deploy carries. A rollback or an image deploy can carry those of an
	// earlier one [inferred].
	DagTarballVersion string

	// RollbackFromID is set when the deploy is a rollback.
	RollbackFromID string

	ImageRepository, ImageTag           string
	IsDagDeployEnabled                  bool
	AirflowVersion, AstroRuntimeVersion string
	CreatedAt, UpdatedAt                time.Time
	CreatedBy                           Subject
	Git                                 *Git
}

// IsRollback reports whether somebody went back to an earlier deploy with it.
func (d Deploy) IsRollback() bool { return d.RollbackFromID != "" }

// Subject is who made a deploy. Type is USER or SERVICEKEY.
type Subject struct {
	ID           string `json:"id"`
	Type         string `json:"subjectType"`
	APITokenName string `json:"apiTokenName,omitempty"`
}

// Git is the commit that a deploy comes from. Provider is GITHUB (with Repo) or GENERIC (with RemoteURL) [doc].
type Git struct {
	Provider        string `json:"provider"`
	Account         string `json:"account,omitempty"`
	Repo            string `json:"repo,omitempty"`
	RemoteURL       string `json:"remoteUrl,omitempty"`
	Branch          string `json:"branch,omitempty"`
	Path            string `json:"path,omitempty"`
	CommitSHA       string `json:"commitSha,omitempty"`
	CommitURL       string `json:"commitUrl,omitempty"`
	AuthorName      string `json:"authorName,omitempty"`
	AuthorUsername  string `json:"authorUsername,omitempty"`
	AuthorURL       string `json:"authorUrl,omitempty"`
	BeforeCommitSHA string `json:"beforeCommitSha,omitempty"`
}

// CreateDeploy is what a deploy begins with.
type CreateDeploy struct {
	Type string
	// Description is cut to 500 bytes, at a rune's boundary.
	Description string
	Git         *Git
}

// wireDeploy is a Deploy as Astro writes it, the upload URL readable.
type wireDeploy struct {
	ID                  string    `json:"id"`
	DeploymentID        string    `json:"deploymentId"`
	Type                string    `json:"type"`
	Status              string    `json:"status"`
	Description         string    `json:"description"`
	DagsUploadURL       string    `json:"dagsUploadUrl"`
	DagTarballVersion   string    `json:"dagTarballVersion"`
	RollbackFromID      string    `json:"rollbackFromId"`
	ImageRepository     string    `json:"imageRepository"`
	ImageTag            string    `json:"imageTag"`
	IsDagDeployEnabled  bool      `json:"isDagDeployEnabled"`
	AirflowVersion      string    `json:"airflowVersion"`
	AstroRuntimeVersion string    `json:"astroRuntimeVersion"`
	CreatedAt           time.Time `json:"createdAt"`
	UpdatedAt           time.Time `json:"updatedAt"`
	CreatedBySubject    Subject   `json:"createdBySubject"`
	Git                 *Git      `json:"git"`
}

func (w wireDeploy) deploy() Deploy {
	return Deploy{
		ID: w.ID, DeploymentID: w.DeploymentID, Type: w.Type, Status: w.Status, Description: w.Description,
		UploadURL: secret.NewValue(w.DagsUploadURL), DagTarballVersion: w.DagTarballVersion,
		RollbackFromID: w.RollbackFromID, ImageRepository: w.ImageRepository, ImageTag: w.ImageTag,
		IsDagDeployEnabled: w.IsDagDeployEnabled, AirflowVersion: w.AirflowVersion,
		AstroRuntimeVersion: w.AstroRuntimeVersion, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
		CreatedBy: w.CreatedBySubject, Git: w.Git,
	}
}

// UnmarshalJSON reads Astro's form.
func (d *Deploy) UnmarshalJSON(b []byte) error {
	var w wireDeploy
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*d = w.deploy()
	return nil
}

// Create begins a deploy. It is not idempotent [doc], so it is repeated only when Astro surely did nothing; after an
// error that is not NotApplied, an INITIALIZED deploy may or may not exist.
func (c *Client) Create(ctx context.Context, deployment string, d CreateDeploy) (Deploy, error) {
	body := struct {
		Type        string `json:"type"`
		Description string `json:"description,omitempty"`
		Git         *Git   `json:"git,omitempty"`
	}{d.Type, cutDescription(d.Description), d.Git}
	return c.deploy(ctx, call{
		op: "create", verb: "create deploy", method: http.MethodPost, path: "/deploys", body: body, deployment: deployment,
	})
}

// Deploy reads one deploy.
func (c *Client) Deploy(ctx context.Context, deployment, id string) (Deploy, error) {
	return c.deploy(ctx, call{
		op: "deploy", verb: "get deploy", method: http.MethodGet, repeat: true, deployment: deployment, deploy: id, ofDeploy: true,
	})
}

// Finalize makes an uploaded version the Deployment's DAGs; Astro does so unconditionally, and the last one wins
// [doc, inferred]. An image-only deploy has no version. It ends after FinalizeTimeout at the latest, and is repeated
// only when Astro surely did nothing: after an error that is not NotApplied, ask for the Deploy. The answer
// may be a Deploy that has FAILED.
func (c *Client) Finalize(ctx context.Context, deployment, id, dagTarballVersion string) (Deploy, error) {
	body := struct {
		Version string `json:"dagTarballVersion"`
	}{dagTarballVersion}
	return c.deploy(ctx, call{
		op: "finalize", verb: "finalize deploy", method: http.MethodPost, path: "/finalize", body: body,
		deployment: deployment, deploy: id, ofDeploy: true, slow: true,
	})
}

// Describe replaces a deploy's description, which is cut as in Create.
func (c *Client) Describe(ctx context.Context, deployment, id, description string) (Deploy, error) {
	return c.deploy(ctx, call{
		op: "describe", verb: "describe deploy", method: http.MethodPost, body: describing(description), repeat: true,
		deployment: deployment, deploy: id, ofDeploy: true,
	})
}

// Rollback goes back to a deploy: code, Runtime and the DAG-deploy setting, not environment variables [doc]. The
// answer is a new Deploy, with RollbackFromID. Like Finalize it is not repeated blindly, and has FinalizeTimeout.
func (c *Client) Rollback(ctx context.Context, deployment, id, description string) (Deploy, error) {
	return c.deploy(ctx, call{
		op: "rollback", verb: "roll back to deploy", method: http.MethodPost, path: "/rollback", body: describing(description),
		deployment: deployment, deploy: id, ofDeploy: true, slow: true,
	})
}

func describing(description string) any {
	return struct {
		Description string `json:"description"`
	}{cutDescription(description)}
}

// deploy makes a call whose answer is a Deploy.
func (c *Client) deploy(ctx context.Context, k call) (Deploy, error) {
	var d Deploy
	if err := c.do(ctx, k, &d); err != nil {
		return Deploy{}, err
	}
	if d.ID == "" {
		return Deploy{}, k.unreadable(http.StatusOK, "it names no deploy", nil)
	}
	return d, nil
}

// cutDescription makes a description of any length one that Astro takes.
func cutDescription(s string) string {
	return cutString(strings.ToValidUTF8(s, "\uFFFD"), maxDescription)
}

// cutString is at most n bytes of s, cut at a rune's boundary.
func cutString(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
