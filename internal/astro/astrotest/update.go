package astrotest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// settings are what an update names: the fields of Astro's requests for Standard and Dedicated Deployments [doc].
type settings struct {
	Type                 string        `json:"type"`
	WorkspaceID          string        `json:"workspaceId"`
	Name                 string        `json:"name"`
	Description          string        `json:"description"`
	Executor             string        `json:"executor"`
	SchedulerSize        string        `json:"schedulerSize"`
	IsCicdEnforced       bool          `json:"isCicdEnforced"`
	IsDagDeployEnabled   bool          `json:"isDagDeployEnabled"`
	IsDevelopmentMode    bool          `json:"isDevelopmentMode"`
	IsHighAvailability   bool          `json:"isHighAvailability"`
	DefaultTaskPodCPU    string        `json:"defaultTaskPodCpu"`
	DefaultTaskPodMemory string        `json:"defaultTaskPodMemory"`
	ResourceQuotaCPU     string        `json:"resourceQuotaCpu"`
	ResourceQuotaMemory  string        `json:"resourceQuotaMemory"`
	WorkloadIdentity     string        `json:"workloadIdentity"`
	DRWorkloadIdentity   string        `json:"drWorkloadIdentity"`
	ContactEmails        []string      `json:"contactEmails"`
	EnvironmentVariables []variable    `json:"environmentVariables"`
	WorkerQueues         []workerQueue `json:"workerQueues"`
	RemoteExecution      *struct {
		Enabled                bool     `json:"enabled"`
		AllowedIPAddressRanges []string `json:"allowedIpAddressRanges"`
		TaskLogBucket          string   `json:"taskLogBucket,omitempty"`
		TaskLogURLPattern      string   `json:"taskLogUrlPattern,omitempty"`
	} `json:"remoteExecution"`
	ScalingSpec *scalingSpec `json:"scalingSpec"`
}

// variable is one of environmentVariables.
type variable struct {
	Key       string     `json:"key"`
	Value     *string    `json:"value,omitempty"`
	IsSecret  bool       `json:"isSecret"`
	UpdatedAt *time.Time `json:"updatedAt,omitempty"` // of answers only
}

func (v variable) text() string {
	if v.Value == nil {
		return ""
	}
	return *v.Value
}

type workerQueue struct {
	ID                  string `json:"id,omitempty"`
	Name                string `json:"name"`
	IsDefault           bool   `json:"isDefault"`
	AstroMachine        string `json:"astroMachine,omitempty"`
	NodePoolID          string `json:"nodePoolId,omitempty"`
	MaxWorkerCount      int    `json:"maxWorkerCount"`
	MinWorkerCount      int    `json:"minWorkerCount"`
	WorkerConcurrency   int    `json:"workerConcurrency"`
	PodEphemeralStorage string `json:"podEphemeralStorage,omitempty"`
}

type scalingSpec struct {
	HibernationSpec *hibernationSpec `json:"hibernationSpec,omitempty"`
}

type hibernationSpec struct {
	Override *struct {
		IsHibernating *bool   `json:"isHibernating,omitempty"`
		OverrideUntil *string `json:"overrideUntil,omitempty"`
	} `json:"override,omitempty"`
	Schedules []struct {
		Description     string `json:"description,omitempty"`
		HibernateAtCron string `json:"hibernateAtCron"`
		WakeAtCron      string `json:"wakeAtCron"`
		IsEnabled       bool   `json:"isEnabled"`
	} `json:"schedules"`
}

// defaultQueue is the name of the queue that there must be [doc].
const defaultQueue = "default"

func newSettings(name string) settings {
	return settings{
		Name: name, Executor: "ASTRO", SchedulerSize: "SMALL",
		DefaultTaskPodCPU: "0.25", DefaultTaskPodMemory: "0.5Gi", ResourceQuotaCPU: "10", ResourceQuotaMemory: "20Gi",
		ContactEmails: []string{}, EnvironmentVariables: []variable{},
		WorkerQueues: []workerQueue{{
			ID: "clsimqueue" + defaultQueue, Name: defaultQueue, IsDefault: true, AstroMachine: "A5", MaxWorkerCount: 10, WorkerConcurrency: 5,
		}},
	}
}

// view is how an answer tells them: secrets without their values [doc], and a workload identity as the effective one.
func (s settings) view(kind string) map[string]any {
	var v map[string]any
	b, _ := json.Marshal(s) // text, numbers and lists of them
	_ = json.Unmarshal(b, &v)
	maps.DeleteFunc(v, func(_ string, value any) bool { return value == nil })
	v["type"], v["cloudProvider"], v["region"], v["workspaceName"] = kind, "AWS", "us-east-1", "Simulated"
	v["effectiveWorkloadIdentity"] = s.WorkloadIdentity
	if s.WorkloadIdentity == "" {
		v["effectiveWorkloadIdentity"] = "arn:aws:iam::123456789012:role/astronomers-own"
	}
	delete(v, "workloadIdentity")
	delete(v, "drWorkloadIdentity")
	shown := slices.Clone(s.EnvironmentVariables)
	for i, variable := range shown {
		if variable.IsSecret {
			shown[i].Value = nil
		}
	}
	v["environmentVariables"] = shown
	return v
}

// required are the fields without which an update is refused [doc].
func required() []string {
	return []string{
		"environmentVariables", "executor", "isCicdEnforced", "isDagDeployEnabled", "isHighAvailability", "name", "schedulerSize",
		"type", "workspaceId",
	}
}

// updateDeployment replaces what the body names [doc]: an empty list wipes, a secret is kept by its key without a value, and a queue
// that is left out is deleted. What else the body leaves out stays [inferred]. A field that is not part of an update, such as
// runtimeVersion, is refused here, so that nobody relies on it [inferred].
func (s *Server) updateDeployment(q *request) (any, error) {
	d, err := s.find(q)
	if err != nil {
		return nil, err
	}
	if q.caller.readOnly {
		return nil, problem(http.StatusForbidden, "the token lacks the permission deployment.update")
	}
	var named map[string]json.RawMessage
	if err := q.decode(&named); err != nil {
		return nil, err
	}
	for _, name := range required() {
		if raw, there := named[name]; !there || bytes.Equal(raw, []byte("null")) {
			return nil, problem(http.StatusBadRequest, "invalid request: %s is required", name)
		}
	}
	return s.update(d, q.body, named)
}

func (s *Server) update(d *deployment, body []byte, named map[string]json.RawMessage) (any, error) {
	to := d.settings
	for name, list := range map[string]func(){ // decoding would mix an old list's members into the new one's
		"environmentVariables": func() { to.EnvironmentVariables = nil }, "contactEmails": func() { to.ContactEmails = nil },
		"workerQueues": func() { to.WorkerQueues = nil }, "scalingSpec": func() { to.ScalingSpec = nil }, "remoteExecution": func() { to.RemoteExecution = nil },
	} {
		if _, there := named[name]; there {
			list()
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&to); err != nil {
		return nil, problem(http.StatusBadRequest, "invalid request: %v", err)
	}
	if err := d.accepts(to); err != nil {
		return nil, err
	}
	d.updatedAt = s.timestamp()
	to.keepSecrets(d.settings.EnvironmentVariables, d.updatedAt)
	if to.Executor == "KUBERNETES" {
		to.WorkerQueues = []workerQueue{}
	}
	for i, queue := range to.WorkerQueues {
		if queue.ID == "" {
			to.WorkerQueues[i].ID = s.newID()
		}
	}
	d.settings, d.dagDeploys, d.cicdEnforced = to, to.IsDagDeployEnabled, to.IsCicdEnforced
	return s.view(d), nil
}

// accepts refuses what Astro refuses [doc].
func (d *deployment) accepts(to settings) error {
	bad := func(format string, args ...any) error {
		return problem(http.StatusBadRequest, "invalid request: "+format, args...)
	}
	switch {
	case to.Type != d.kind:
		return bad("type is %s", d.kind)
	case to.WorkspaceID != d.workspace:
		return bad("workspaceId is not the Deployment's")
	case to.Name == "":
		return bad("name is empty")
	case !slices.Contains([]string{"ASTRO", "CELERY", "KUBERNETES"}, to.Executor):
		return bad("executor %q is not known", to.Executor)
	case !slices.Contains([]string{"SMALL", "MEDIUM", "LARGE", "EXTRA_LARGE"}, to.SchedulerSize):
		return bad("schedulerSize %q is not known", to.SchedulerSize)
	case to.IsDevelopmentMode && !d.settings.IsDevelopmentMode:
		return bad("isDevelopmentMode cannot be switched on")
	case !to.IsDevelopmentMode && to.ScalingSpec != nil && to.ScalingSpec.HibernationSpec != nil && len(to.ScalingSpec.HibernationSpec.Schedules) > 0:
		return bad("hibernation is for Deployments in development mode")
	}
	return d.acceptsQueues(to, bad)
}

func (d *deployment) acceptsQueues(to settings, bad func(string, ...any) error) error {
	remote := to.RemoteExecution != nil && to.RemoteExecution.Enabled
	if to.Executor == "KUBERNETES" || remote {
		return nil
	}
	names := map[string]bool{}
	for _, queue := range to.WorkerQueues {
		switch {
		case names[queue.Name]:
			return bad("workerQueues has %q twice", queue.Name)
		case queue.AstroMachine == "" || queue.MaxWorkerCount < 1 || queue.WorkerConcurrency < 1 || queue.MinWorkerCount > queue.MaxWorkerCount:
			return bad("worker queue %q lacks a machine, or its numbers make no sense", queue.Name)
		case queue.ID != "" && !slices.ContainsFunc(d.settings.WorkerQueues, func(o workerQueue) bool { return o.ID == queue.ID }):
			return bad("there is no worker queue %s", queue.ID)
		case queue.ID == "" && slices.ContainsFunc(d.settings.WorkerQueues, func(o workerQueue) bool { return o.Name == queue.Name }):
			return bad("there is a worker queue %q already", queue.Name)
		}
		names[queue.Name] = true
	}
	if !names[defaultQueue] {
		return bad("there must be a worker queue %q", defaultQueue)
	}
	return nil
}

// keepSecrets gives secrets that come without a value the one that they had; a value that is empty is one.
func (s *settings) keepSecrets(before []variable, now time.Time) {
	for i, v := range s.EnvironmentVariables {
		at := slices.IndexFunc(before, func(old variable) bool { return old.Key == v.Key })
		if at >= 0 && v.IsSecret && v.Value == nil {
			s.EnvironmentVariables[i].Value = before[at].Value
		}
		s.EnvironmentVariables[i].UpdatedAt = &now
		if at >= 0 && before[at].IsSecret == v.IsSecret && before[at].text() == s.EnvironmentVariables[i].text() {
			s.EnvironmentVariables[i].UpdatedAt = before[at].UpdatedAt
		}
	}
}
