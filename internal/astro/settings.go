package astro

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/dagferry/dagferry/internal/secret"
)

// Executors of a Deployment [doc]. Worker queues are Celery's and Astro's.
const (
	ExecutorAstro      = "ASTRO"
	ExecutorCelery     = "CELERY"
	ExecutorKubernetes = "KUBERNETES"
)

// Settings are a Deployment with all that configures it [doc]. What Astro does not tell is empty.
type Settings struct {
	Deployment
	Description        string    `json:"description"`
	UpdatedAt          time.Time `json:"updatedAt"`
	IsHighAvailability bool      `json:"isHighAvailability"`
	// SchedulerSize is SMALL, MEDIUM, LARGE or EXTRA_LARGE.
	SchedulerSize string `json:"schedulerSize"`
	// Task pods and quotas: CPU in cores, memory with its unit, such as 0.5Gi.
	DefaultTaskPodCPU    string `json:"defaultTaskPodCpu"`
	DefaultTaskPodMemory string `json:"defaultTaskPodMemory"`
	ResourceQuotaCPU     string `json:"resourceQuotaCpu"`
	ResourceQuotaMemory  string `json:"resourceQuotaMemory"`
	// EffectiveWorkloadIdentity is the one in use: the user's, or Astronomer's own; which of them is not told.
	EffectiveWorkloadIdentity string `json:"effectiveWorkloadIdentity"`

	// EnvironmentVariables by key, WorkerQueues by name, ContactEmails by address.
	EnvironmentVariables []Variable       `json:"environmentVariables"`
	WorkerQueues         []WorkerQueue    `json:"workerQueues"`
	ContactEmails        []string         `json:"contactEmails"`
	ScalingSpec          *ScalingSpec     `json:"scalingSpec"`
	RemoteExecution      *RemoteExecution `json:"remoteExecution"`

	// What stays as the Deployment was made.
	ClusterName   string `json:"clusterName"`
	WorkspaceName string `json:"workspaceName"`
	CloudProvider string `json:"cloudProvider"`
	Region        string `json:"region"`
}

// Variable is an environment variable. Astro keeps the value of a secret one to itself [doc]: it is empty.
type Variable struct {
	Key       string    `json:"key"`
	Value     string    `json:"value"`
	IsSecret  bool      `json:"isSecret"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// WorkerQueue is a queue as an update names it; what a machine has of processors and memory is not part of that.
type WorkerQueue struct {
	// ID is empty for a queue that is not there yet.
	ID                  string `json:"id,omitempty"`
	Name                string `json:"name"`
	IsDefault           bool   `json:"isDefault"`
	AstroMachine        string `json:"astroMachine,omitempty"`
	MaxWorkerCount      int    `json:"maxWorkerCount"`
	MinWorkerCount      int    `json:"minWorkerCount"`
	WorkerConcurrency   int    `json:"workerConcurrency"`
	PodEphemeralStorage string `json:"podEphemeralStorage,omitempty"`
}

// ScalingSpec holds when a Deployment in development mode sleeps.
type ScalingSpec struct {
	HibernationSpec *HibernationSpec `json:"hibernationSpec,omitempty"`
}

// HibernationSpec is the schedules, and what overrides them at the time.
type HibernationSpec struct {
	Override  *HibernationOverride  `json:"override,omitempty"`
	Schedules []HibernationSchedule `json:"schedules"`
}

// HibernationOverride is somebody's "sleep until" or "stay awake until". IsActive is part of answers only.
type HibernationOverride struct {
	IsActive      *bool      `json:"isActive,omitempty"`
	IsHibernating *bool      `json:"isHibernating,omitempty"`
	OverrideUntil *time.Time `json:"overrideUntil,omitempty"`
}

// HibernationSchedule is when to sleep and to wake, as cron expressions of five columns.
type HibernationSchedule struct {
	Description     string `json:"description,omitempty"`
	HibernateAtCron string `json:"hibernateAtCron"`
	WakeAtCron      string `json:"wakeAtCron"`
	IsEnabled       bool   `json:"isEnabled"`
}

// RemoteExecution is whether tasks run outside of Astro, and who may speak for them.
type RemoteExecution struct {
	Enabled                bool     `json:"enabled"`
	AllowedIPAddressRanges []string `json:"allowedIpAddressRanges"`
	TaskLogBucket          string   `json:"taskLogBucket,omitempty"`
	TaskLogURLPattern      string   `json:"taskLogUrlPattern,omitempty"`
}

// Schedules are when the Deployment hibernates.
func (s Settings) Schedules() []HibernationSchedule {
	if s.ScalingSpec == nil || s.ScalingSpec.HibernationSpec == nil {
		return nil
	}
	return s.ScalingSpec.HibernationSpec.Schedules
}

// Settings reads a Deployment with all that configures it.
func (c *Client) Settings(ctx context.Context, id string) (Settings, error) {
	return c.settings(ctx, call{op: "deployment", verb: "get", method: http.MethodGet, repeat: true, deployment: id})
}

// Update is what a Deployment is to be from now on. Astro replaces whatever an update names [doc]: an empty list wipes, and a
// queue that is left out is deleted. So begin with Settings.Update, which changes nothing. The Runtime is not part of it.
type Update struct {
	Type               string `json:"type"`
	WorkspaceID        string `json:"workspaceId"`
	Name               string `json:"name"`
	Description        string `json:"description"`
	Executor           string `json:"executor"`
	SchedulerSize      string `json:"schedulerSize"`
	IsCicdEnforced     bool   `json:"isCicdEnforced"`
	IsDagDeployEnabled bool   `json:"isDagDeployEnabled"`
	IsDevelopmentMode  bool   `json:"isDevelopmentMode"`
	IsHighAvailability bool   `json:"isHighAvailability"`

	DefaultTaskPodCPU    string `json:"defaultTaskPodCpu,omitempty"`
	DefaultTaskPodMemory string `json:"defaultTaskPodMemory,omitempty"`
	ResourceQuotaCPU     string `json:"resourceQuotaCpu,omitempty"`
	ResourceQuotaMemory  string `json:"resourceQuotaMemory,omitempty"`
	// WorkloadIdentity is left out unless it is to be set: the answer does not tell the user's from Astronomer's own, and what
	// an update leaves out stays [inferred].
	WorkloadIdentity string `json:"workloadIdentity,omitempty"`

	EnvironmentVariables []VariableUpdate `json:"environmentVariables"`
	ContactEmails        []string         `json:"contactEmails"`
	WorkerQueues         []WorkerQueue    `json:"workerQueues,omitempty"`
	ScalingSpec          *ScalingSpec     `json:"scalingSpec,omitempty"`
	RemoteExecution      *RemoteExecution `json:"remoteExecution,omitempty"`
}

// VariableUpdate is an environment variable to be. A secret one without a Secret keeps the value that it has [doc].
type VariableUpdate struct {
	Key      string
	IsSecret bool
	Value    string
	Secret   secret.Value
}

// MarshalJSON is Astro's form, with the secret readable.
func (v VariableUpdate) MarshalJSON() ([]byte, error) {
	wire := struct {
		Key      string  `json:"key"`
		IsSecret bool    `json:"isSecret"`
		Value    *string `json:"value,omitempty"`
	}{Key: v.Key, IsSecret: v.IsSecret}
	switch value := v.Secret.Reveal(); {
	case !v.IsSecret:
		wire.Value = &v.Value
	case value != "":
		wire.Value = &value
	}
	return json.Marshal(wire)
}

// Update is one that changes nothing: all that is there is sent back.
func (s Settings) Update() Update {
	u := Update{
		Type: s.Type, WorkspaceID: s.WorkspaceID, Name: s.Name, Description: s.Description, Executor: s.Executor,
		SchedulerSize: s.SchedulerSize, IsCicdEnforced: s.IsCicdEnforced, IsDagDeployEnabled: s.IsDagDeployEnabled,
		IsDevelopmentMode: s.IsDevelopmentMode, IsHighAvailability: s.IsHighAvailability,
		DefaultTaskPodCPU: s.DefaultTaskPodCPU, DefaultTaskPodMemory: s.DefaultTaskPodMemory,
		ResourceQuotaCPU: s.ResourceQuotaCPU, ResourceQuotaMemory: s.ResourceQuotaMemory,
		EnvironmentVariables: []VariableUpdate{}, ContactEmails: append([]string{}, s.ContactEmails...),
		ScalingSpec: s.scaling(), RemoteExecution: s.RemoteExecution,
	}
	for _, v := range s.EnvironmentVariables {
		u.EnvironmentVariables = append(u.EnvironmentVariables, VariableUpdate{Key: v.Key, IsSecret: v.IsSecret, Value: v.Value})
	}
	if s.Executor != ExecutorKubernetes { // which has no queues [doc]
		u.WorkerQueues = slices.Clone(s.WorkerQueues)
	}
	return u
}

// scaling is what an update says of hibernation: nothing for a Deployment that cannot, and an override while it lasts.
func (s Settings) scaling() *ScalingSpec {
	if !s.IsDevelopmentMode || s.ScalingSpec == nil || s.ScalingSpec.HibernationSpec == nil {
		return nil
	}
	spec := HibernationSpec{Schedules: append([]HibernationSchedule{}, s.Schedules()...)}
	if o := s.ScalingSpec.HibernationSpec.Override; o != nil && (o.IsActive == nil || *o.IsActive) {
		spec.Override = &HibernationOverride{IsHibernating: o.IsHibernating, OverrideUntil: o.OverrideUntil}
	}
	return &ScalingSpec{&spec}
}

// UpdateDeployment makes a Deployment what the update says. It is not repeated unless Astro surely did nothing: after an error that is
// not NotApplied, read the Settings. A refused value is fault.Rejected; errors do not hold the update's secrets.
func (c *Client) UpdateDeployment(ctx context.Context, id string, u Update) (Settings, error) {
	k := call{op: "update", verb: "update", method: http.MethodPost, body: u, deployment: id}
	for _, v := range u.EnvironmentVariables {
		if !v.Secret.IsZero() {
			k.secrets = append(k.secrets, v.Secret)
		}
	}
	return c.settings(ctx, k)
}

func (c *Client) settings(ctx context.Context, k call) (Settings, error) {
	var s Settings
	if err := c.do(ctx, k, &s); err != nil {
		return Settings{}, err
	}
	if s.ID == "" {
		return Settings{}, k.unreadable(http.StatusOK, "it names no Deployment", nil)
	}
	for i, v := range s.EnvironmentVariables {
		if v.IsSecret {
			s.EnvironmentVariables[i].Value = "" // whatever stands for it in the answer
		}
	}
	slices.SortFunc(s.EnvironmentVariables, func(a, b Variable) int { return cmp.Compare(a.Key, b.Key) })
	slices.SortFunc(s.WorkerQueues, func(a, b WorkerQueue) int { return cmp.Compare(a.Name, b.Name) })
	slices.Sort(s.ContactEmails)
	return s, nil
}
