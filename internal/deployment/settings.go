package deployment

import (
	"reflect"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
)

// settings compares single settings.
func (d *Diff) settings() {
	c, u := d.file.Configuration, &d.update
	setting(d, "name", text(c.Name), &u.Name)
	setting(d, "description", c.Description, &u.Description)
	setting(d, "executor", text(c.Executor), &u.Executor)
	setting(d, "scheduler_size", text(c.SchedulerSize), &u.SchedulerSize)
	setting(d, "is_high_availability", c.IsHighAvailability, &u.IsHighAvailability)
	setting(d, "is_development_mode", c.IsDevelopmentMode, &u.IsDevelopmentMode)
	setting(d, "dag_deploy_enabled", c.DagDeployEnabled, &u.IsDagDeployEnabled)
	setting(d, "ci_cd_enforcement", c.CicdEnforcement, &u.IsCicdEnforced)
	setting(d, "default_task_pod_cpu", text(c.TaskPodCPU), &u.DefaultTaskPodCPU)
	setting(d, "default_task_pod_memory", text(c.TaskPodMemory), &u.DefaultTaskPodMemory)
	setting(d, "resource_quota_cpu", text(c.QuotaCPU), &u.ResourceQuotaCPU)
	setting(d, "resource_quota_memory", text(c.QuotaMemory), &u.ResourceQuotaMemory)
	d.workloadIdentity(c)
	d.remoteExecution(c.RemoteExecution)
}

// setting compares one setting with what the update begins with, and puts it there.
func setting[T comparable](d *Diff, name string, want, at *T) {
	compareOne(d, Change{Section: Configuration, Name: name}, want, at)
}

// compareOne compares a value of the file's, nil if it says nothing, with the one at Astro, and puts it there.
func compareOne[T comparable](d *Diff, c Change, want, at *T) {
	if want == nil || *want == *at {
		return
	}
	c.Kind, c.From, c.To = Changed, *at, *want
	*at = *want
	d.add(c)
}

// text is nil where a file says nothing.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// workloadIdentity is sent only when it is to be another: Astro does not tell whether the one in use is its own.
func (d *Diff) workloadIdentity(c config.DeploymentSettings) {
	inUse := d.live.EffectiveWorkloadIdentity
	if setting(d, "workload_identity", text(c.WorkloadIdentity), &inUse); inUse != d.live.EffectiveWorkloadIdentity {
		d.update.WorkloadIdentity = inUse
	}
}

func (d *Diff) remoteExecution(want *config.RemoteExecution) {
	if want == nil {
		return
	}
	live := astro.RemoteExecution{}
	if d.live.RemoteExecution != nil {
		live = *d.live.RemoteExecution
	}
	to := astro.RemoteExecution{
		Enabled: want.Enabled, AllowedIPAddressRanges: want.AllowedIPRanges, TaskLogBucket: want.TaskLogBucket, TaskLogURLPattern: want.TaskLogURLPattern,
	}
	if to.AllowedIPAddressRanges == nil {
		to.AllowedIPAddressRanges = live.AllowedIPAddressRanges
	}
	if reflect.DeepEqual(to, live) {
		return
	}
	d.add(Change{Kind: Changed, Section: Configuration, Name: "remote_execution", From: live, To: to})
	d.update.RemoteExecution = &to
}

// fixed notes where the file has another value for what no update changes.
func (d *Diff) fixed() {
	c := d.file.Configuration
	if v := c.RuntimeVersion; v != "" && v != d.runtime() {
		d.note("runtime_version is %s in the file and %s at Astro: an image deploy changes it, not the configuration", v, d.runtime())
	}
	live := d.live
	cluster := c.ClusterName
	if live.Type == astro.DeploymentStandard { // older files have the region there
		cluster = ""
	}
	for _, f := range []struct{ name, want, has string }{
		{"deployment_type", c.DeploymentType, live.Type}, {"cloud_provider", c.CloudProvider, live.CloudProvider}, {"region", c.Region, live.Region},
		{"cluster_name", cluster, live.ClusterName}, {"workspace_name", c.WorkspaceName, live.WorkspaceName},
	} {
		if f.want != "" && f.has != "" && f.want != f.has {
			d.note("%s is %s in the file and %s at Astro: that stays as the Deployment was made", f.name, f.want, f.has)
		}
	}
}

func (d *Diff) runtime() string {
	if v := d.live.AstroRuntimeVersion; v != "" {
		return v
	}
	return d.live.RuntimeVersion
}
