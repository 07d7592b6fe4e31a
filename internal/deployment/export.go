package deployment

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/goccy/go-yaml"

	"github.com/dagferry/dagferry/internal/astro"
)

// The exported file's shape: package config's, with what is written left out where Astro does not tell it.
type (
	exported struct {
		Deployment exportedDeployment `yaml:"deployment"`
	}
	exportedDeployment struct {
		Configuration exportedSettings   `yaml:"configuration"`
		Variables     []exportedVariable `yaml:"environment_variables"`
		Queues        []exportedQueue    `yaml:"worker_queues,omitempty"`
		Emails        []string           `yaml:"alert_emails"`
		Schedules     []exportedSchedule `yaml:"hibernation_schedules,omitempty"`
		Metadata      exportedMetadata   `yaml:"metadata"`
	}
	exportedMetadata struct {
		DeploymentID string `yaml:"deployment_id"`
	}
	exportedSettings struct {
		Name               string          `yaml:"name"`
		Description        string          `yaml:"description"`
		DeploymentType     string          `yaml:"deployment_type,omitempty"`
		CloudProvider      string          `yaml:"cloud_provider,omitempty"`
		Region             string          `yaml:"region,omitempty"`
		ClusterName        string          `yaml:"cluster_name,omitempty"`
		WorkspaceName      string          `yaml:"workspace_name,omitempty"`
		Executor           string          `yaml:"executor"`
		SchedulerSize      string          `yaml:"scheduler_size,omitempty"`
		IsHighAvailability bool            `yaml:"is_high_availability"`
		IsDevelopmentMode  bool            `yaml:"is_development_mode"`
		DagDeployEnabled   bool            `yaml:"dag_deploy_enabled"`
		CicdEnforcement    bool            `yaml:"ci_cd_enforcement"`
		TaskPodCPU         string          `yaml:"default_task_pod_cpu,omitempty"`
		TaskPodMemory      string          `yaml:"default_task_pod_memory,omitempty"`
		QuotaCPU           string          `yaml:"resource_quota_cpu,omitempty"`
		QuotaMemory        string          `yaml:"resource_quota_memory,omitempty"`
		RemoteExecution    *exportedRemote `yaml:"remote_execution,omitempty"`
	}
	exportedRemote struct {
		Enabled           bool     `yaml:"enabled"`
		AllowedIPRanges   []string `yaml:"allowed_ip_address_ranges"`
		TaskLogBucket     string   `yaml:"task_log_bucket,omitempty"`
		TaskLogURLPattern string   `yaml:"task_log_url_pattern,omitempty"`
	}
	exportedVariable struct {
		Key      string `yaml:"key"`
		IsSecret bool   `yaml:"is_secret"`
		Value    string `yaml:"value"`
	}
	exportedQueue struct {
		Name              string `yaml:"name"`
		WorkerType        string `yaml:"worker_type"`
		MinWorkerCount    int    `yaml:"min_worker_count"`
		MaxWorkerCount    int    `yaml:"max_worker_count"`
		WorkerConcurrency int    `yaml:"worker_concurrency"`
	}
	exportedSchedule struct {
		HibernateAt string `yaml:"hibernate_at"`
		WakeAt      string `yaml:"wake_at"`
		Description string `yaml:"description"`
		Enabled     bool   `yaml:"enabled"`
	}
)

// quoted writes text in double quotes, with JSON's escapes, which are YAML's too: whatever it is, it is read as it was.
func quoted(s string) ([]byte, error) {
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	err := to.Encode(s)
	return bytes.TrimSpace(b.Bytes()), err
}

const exportedHead = `# The configuration of a Deployment of Astro, as dagferry config export wrote it.
# Astro does not tell the values of secrets: an empty one keeps what is there. To set it from here, write where it is, such as
# env://NAME or secretsmanager://name, never the secret itself. The Runtime is the image's, and the workload identity is
# left alone unless workload_identity is written below configuration.
`

// Export writes the file of which a Deployment is what it says: to apply it changes nothing.
func Export(ctx context.Context, client *astro.Client, id string, w io.Writer) error {
	live, err := read(ctx, client, id)
	if err != nil {
		return err
	}
	b, err := yaml.MarshalWithOptions(export(live), yaml.IndentSequence(true), yaml.CustomMarshaler(quoted))
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, exportedHead+string(b))
	return err
}

func export(live astro.Settings) exported {
	u := live.Update()
	d := exportedDeployment{
		Configuration: exportSettings(live), Variables: []exportedVariable{}, Emails: u.ContactEmails,
		Metadata: exportedMetadata{live.ID},
	}
	for _, v := range live.EnvironmentVariables {
		d.Variables = append(d.Variables, exportedVariable{v.Key, v.IsSecret, v.Value})
	}
	for _, q := range u.WorkerQueues {
		d.Queues = append(d.Queues, exportedQueue{q.Name, q.AstroMachine, q.MinWorkerCount, q.MaxWorkerCount, q.WorkerConcurrency})
	}
	if u.ScalingSpec != nil {
		for _, s := range live.Schedules() {
			d.Schedules = append(d.Schedules, exportedSchedule{s.HibernateAtCron, s.WakeAtCron, s.Description, s.IsEnabled})
		}
	}
	return exported{d}
}

func exportSettings(live astro.Settings) exportedSettings {
	s := exportedSettings{
		Name: live.Name, Description: live.Description, DeploymentType: live.Type, CloudProvider: live.CloudProvider, Region: live.Region,
		ClusterName: live.ClusterName, WorkspaceName: live.WorkspaceName, Executor: live.Executor, SchedulerSize: live.SchedulerSize,
		IsHighAvailability: live.IsHighAvailability, IsDevelopmentMode: live.IsDevelopmentMode,
		DagDeployEnabled: live.IsDagDeployEnabled, CicdEnforcement: live.IsCicdEnforced,
		TaskPodCPU: live.DefaultTaskPodCPU, TaskPodMemory: live.DefaultTaskPodMemory, QuotaCPU: live.ResourceQuotaCPU, QuotaMemory: live.ResourceQuotaMemory,
	}
	if r := live.RemoteExecution; r != nil {
		s.RemoteExecution = &exportedRemote{r.Enabled, r.AllowedIPAddressRanges, r.TaskLogBucket, r.TaskLogURLPattern}
	}
	return s
}
