package config

import (
	"github.com/dagferry/dagferry/internal/fault"
)

// Deployment is a file that configures a Deployment of Astro, in the form that Astro's own CLI prints and takes [its "Deployment file
// reference"]. What it leaves out is left alone: a pointer or a list is nil then, and an empty list is one that wants nothing there.
type Deployment struct {
	// EnvironmentVariables are all that there are to be, if the section is there. So are the other lists.
	EnvironmentVariables []Variable            `yaml:"environment_variables"`
	Configuration        DeploymentSettings    `yaml:"configuration"`
	WorkerQueues         []WorkerQueue         `yaml:"worker_queues"`
	AlertEmails          []string              `yaml:"alert_emails"`
	HibernationSchedules []HibernationSchedule `yaml:"hibernation_schedules"`
	// Metadata is read-only. Of it, deployment_id names the Deployment.
	Metadata map[string]any `yaml:"metadata"`

	// File is where it was read.
	File string `yaml:"-"`
}

// Variable is an environment variable.
type Variable struct {
	Key      string `yaml:"key"`
	IsSecret bool   `yaml:"is_secret"`
	// Value is a secret variable's reference, such as env://NAME, never the secret itself; nil or "" keeps the value that Astro has. Other
	// variables have it as it stands here.
	Value *Text `yaml:"value"`
	// UpdatedAt is read-only.
	UpdatedAt string `yaml:"updated_at"`
}

// Reference is where a secret variable's value is, or "" if Astro keeps the one that it has.
func (v Variable) Reference() string {
	if !v.IsSecret || v.Value == nil {
		return ""
	}
	return string(*v.Value)
}

// DeploymentSettings are single settings. An empty text, but for the description, is as good as none: so the CLI writes what is not set.
type DeploymentSettings struct {
	Name               string           `yaml:"name"`
	Description        *string          `yaml:"description"`
	DagDeployEnabled   *bool            `yaml:"dag_deploy_enabled"`
	CicdEnforcement    *bool            `yaml:"ci_cd_enforcement"`
	SchedulerSize      string           `yaml:"scheduler_size"`
	IsHighAvailability *bool            `yaml:"is_high_availability"`
	IsDevelopmentMode  *bool            `yaml:"is_development_mode"`
	Executor           string           `yaml:"executor"`
	TaskPodCPU         string           `yaml:"default_task_pod_cpu"`
	TaskPodMemory      string           `yaml:"default_task_pod_memory"`
	QuotaCPU           string           `yaml:"resource_quota_cpu"`
	QuotaMemory        string           `yaml:"resource_quota_memory"`
	WorkloadIdentity   string           `yaml:"workload_identity"`
	RemoteExecution    *RemoteExecution `yaml:"remote_execution"`

	// RuntimeVersion changes with an image, never by an update. The others stay as the Deployment was made.
	RuntimeVersion string `yaml:"runtime_version"`
	DeploymentType string `yaml:"deployment_type"`
	CloudProvider  string `yaml:"cloud_provider"`
	Region         string `yaml:"region"`
	ClusterName    string `yaml:"cluster_name"`
	WorkspaceName  string `yaml:"workspace_name"`

	// These are of Hybrid Deployments only, which are not configured here. The CLI writes some of them for all.
	SchedulerAU       int    `yaml:"scheduler_au"`
	SchedulerCount    int    `yaml:"scheduler_count"`
	DefaultWorkerType string `yaml:"default_worker_type"`
}

// RemoteExecution is whether tasks run outside of Astro.
type RemoteExecution struct {
	Enabled           bool     `yaml:"enabled"`
	AllowedIPRanges   []string `yaml:"allowed_ip_address_ranges"`
	TaskLogBucket     string   `yaml:"task_log_bucket"`
	TaskLogURLPattern string   `yaml:"task_log_url_pattern"`
}

// WorkerQueue is a queue of the Celery or the Astro executor. What is left out stays as it is; a new queue needs all numbers.
type WorkerQueue struct {
	Name              string `yaml:"name"`
	MaxWorkerCount    *int   `yaml:"max_worker_count"`
	MinWorkerCount    *int   `yaml:"min_worker_count"`
	WorkerConcurrency *int   `yaml:"worker_concurrency"`
	// WorkerType is the machine, such as A5.
	WorkerType string `yaml:"worker_type"`
	// PodCPU and PodRAM are read-only: they are the machine's.
	PodCPU string `yaml:"pod_cpu"`
	PodRAM string `yaml:"pod_ram"`
}

// HibernationSchedule is when a Deployment in development mode sleeps, by cron expressions.
type HibernationSchedule struct {
	HibernateAt string `yaml:"hibernate_at"`
	WakeAt      string `yaml:"wake_at"`
	Description string `yaml:"description"`
	Enabled     bool   `yaml:"enabled"`
}

// ID is the Deployment's id that the file names, or "".
func (f Deployment) ID() string {
	id, _ := f.Metadata["deployment_id"].(string)
	return id
}

// LoadDeployment reads a file that configures a Deployment; name is what its errors call it. They are as Load's: all problems at
// once, each a Problem.
func LoadDeployment(path, name string) (Deployment, error) {
	text, err := readFile(path)
	if err != nil {
		return Deployment{}, fault.Errorf(fault.Denied, "read the Deployment's configuration: %w", err)
	}
	return ParseDeployment(name, text)
}

// ParseDeployment reads what configures a Deployment; name is what its errors call it.
func ParseDeployment(name string, text []byte) (Deployment, error) {
	d := &document{name: name, holds: "deployment:"}
	var file struct {
		Deployment *Deployment `yaml:"deployment"`
	}
	if !d.decode(text, &file) {
		return Deployment{}, d.err()
	}
	if file.Deployment == nil {
		file.Deployment = &Deployment{}
	}
	if !d.mistyped {
		d.deployment(file.Deployment)
	}
	if len(d.problems) > 0 {
		return Deployment{}, d.err()
	}
	file.Deployment.File = name
	return *file.Deployment, nil
}
