package astro

import (
	"context"
	"net/http"
)

// Types of a Deployment [doc]. For HYBRID the CLI adds a monitoring DAG of its own to every upload [seen].
const (
	DeploymentStandard  = "STANDARD"
	DeploymentDedicated = "DEDICATED"
	DeploymentHybrid    = "HYBRID"
)

// Statuses of a Deployment [doc]; UNHEALTHY and UNKNOWN besides. HEALTHY may predate a deploy.
const (
	Creating    = "CREATING"
	Deploying   = "DEPLOYING"
	Healthy     = "HEALTHY"
	Hibernating = "HIBERNATING"
)

// Deployment is what a deploy reads of a Deployment [doc].
type Deployment struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	WorkspaceID    string `json:"workspaceId"`
	OrganizationID string `json:"organizationId"`
	Status         string `json:"status"`
	// Type is STANDARD, DEDICATED or HYBRID.
	Type     string `json:"type"`
	Executor string `json:"executor"`

	IsDagDeployEnabled bool `json:"isDagDeployEnabled"`
	IsCicdEnforced     bool `json:"isCicdEnforced"`
	IsDevelopmentMode  bool `json:"isDevelopmentMode"`

	// DagTarballVersion are the DAGs that the Deployment runs, DesiredDagTarballVersion those that it was told to run.
	DagTarballVersion        string `json:"dagTarballVersion"`
	DesiredDagTarballVersion string `json:"desiredDagTarballVersion"`

	ImageRepository     string `json:"imageRepository"`
	ImageTag            string `json:"imageTag"`
	AirflowVersion      string `json:"airflowVersion"`
	AstroRuntimeVersion string `json:"astroRuntimeVersion"`
	RuntimeVersion      string `json:"runtimeVersion"`
	WebServerURL        string `json:"webServerUrl"`
}

// DagsArrived reports whether the Deployment runs the DAGs that it was told to run [doc].
func (d Deployment) DagsArrived() bool { return d.DagTarballVersion == d.DesiredDagTarballVersion }

// Deployment reads a Deployment.
func (c *Client) Deployment(ctx context.Context, id string) (Deployment, error) {
	k := call{op: "deployment", verb: "get", method: http.MethodGet, repeat: true, deployment: id}
	var d Deployment
	if err := c.do(ctx, k, &d); err != nil {
		return Deployment{}, err
	}
	if d.ID == "" {
		return Deployment{}, k.unreadable(http.StatusOK, "it names no Deployment", nil)
	}
	return d, nil
}
