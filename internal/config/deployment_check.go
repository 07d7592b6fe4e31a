package config

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

// variableKey is what can be the name of an environment variable.
var variableKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// deployment checks the values, and puts words into Astro's spelling.
func (d *document) deployment(f *Deployment) {
	d.settings(&f.Configuration)
	d.variables(f.EnvironmentVariables)
	d.queues(f)
	d.emails(f.AlertEmails)
	d.schedules(f.HibernationSchedules)
	if id, there := f.Metadata["deployment_id"]; there && id != nil && f.ID() == "" {
		d.wrong("deployment.metadata.deployment_id", "write the Deployment's id as text")
	}
}

func (d *document) settings(c *DeploymentSettings) {
	const at = "deployment.configuration."
	executors := map[string]string{
		"": "", "ASTRO": "ASTRO", "ASTROEXECUTOR": "ASTRO", "CELERY": "CELERY", "CELERYEXECUTOR": "CELERY",
		"KUBERNETES": "KUBERNETES", "KUBERNETESEXECUTOR": "KUBERNETES",
	}
	executor, known := executors[strings.ToUpper(c.Executor)]
	if !known {
		d.wrong(at+"executor", "write ASTRO, CELERY or KUBERNETES")
	}
	types := map[string]string{"HOSTED_SHARED": "STANDARD", "HOSTED_STANDARD": "STANDARD", "HOSTED_DEDICATED": "DEDICATED"}
	c.Executor, c.SchedulerSize, c.DeploymentType = executor, strings.ToUpper(c.SchedulerSize), strings.ToUpper(c.DeploymentType)
	if t, ok := types[c.DeploymentType]; ok {
		c.DeploymentType = t
	}
	if !slices.Contains([]string{"", "SMALL", "MEDIUM", "LARGE", "EXTRA_LARGE"}, c.SchedulerSize) {
		d.wrong(at+"scheduler_size", "write SMALL, MEDIUM, LARGE or EXTRA_LARGE")
	}
}

func (d *document) variables(all []Variable) {
	keys := map[string]int{}
	for i, v := range all {
		at := fmt.Sprintf("deployment.environment_variables[%d]", i)
		if !variableKey.MatchString(v.Key) {
			d.wrong(at+".key", "write a name of letters, digits and underscores that does not begin with a digit")
		}
		if j, twice := keys[v.Key]; twice {
			d.wrong(at+".key", "environment_variables[%d] has this key too", j)
		}
		keys[v.Key] = i
		switch {
		case v.Reference() != "":
			d.secretReference(v.Reference(), at+".value")
		case v.Value == nil && !v.IsSecret:
			d.wrong(at, "write the variable's value; only a secret may be without one, and keeps what Astro has")
		}
	}
}

// secretReference checks where a secret is. What stands there instead may be the secret itself: it is not repeated.
func (d *document) secretReference(reference, key string) {
	scheme, name, ok := strings.Cut(reference, "://")
	if !ok || name == "" || !slices.Contains(tokenSchemes(), scheme) {
		d.wrong(key, "this is no reference; write where the secret is (env://NAME, secretsmanager://name, ssm://name, gcp-secret://name or file:///path), "+
			"never the secret itself, or leave it empty to keep what Astro has")
	}
}

func (d *document) queues(f *Deployment) {
	if f.WorkerQueues == nil {
		return
	}
	names := map[string]int{}
	for i := range f.WorkerQueues {
		q, at := &f.WorkerQueues[i], fmt.Sprintf("deployment.worker_queues[%d]", i)
		q.WorkerType = strings.ToUpper(q.WorkerType)
		if q.Name == "" {
			d.wrong(at, "write the queue's name")
		}
		if j, twice := names[q.Name]; twice {
			d.wrong(at+".name", "worker_queues[%d] has this name too", j)
		}
		names[q.Name] = i
		for name, n := range map[string]*int{"max_worker_count": q.MaxWorkerCount, "min_worker_count": q.MinWorkerCount, "worker_concurrency": q.WorkerConcurrency} {
			if n != nil && *n < 0 {
				d.wrong(at+"."+name, "write a number from 0")
			}
		}
	}
	if _, there := names["default"]; !there && len(f.WorkerQueues) > 0 {
		d.wrong("deployment.worker_queues", "there must be a queue with the name default")
	}
	if f.Configuration.Executor == "KUBERNETES" && len(f.WorkerQueues) > 0 {
		d.wrong("deployment.worker_queues", "the Kubernetes executor has no queues: leave them out, and set default_task_pod_cpu and default_task_pod_memory instead")
	}
}

func (d *document) emails(all []string) {
	for i, address := range all {
		at := fmt.Sprintf("deployment.alert_emails[%d]", i)
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			d.wrong(at, "write an address such as data-team@example.com")
		}
		if slices.Contains(all[:i], address) {
			d.wrong(at, "this address is there twice")
		}
	}
}

func (d *document) schedules(all []HibernationSchedule) {
	for i, s := range all {
		at := fmt.Sprintf("deployment.hibernation_schedules[%d]", i)
		for name, cron := range map[string]string{"hibernate_at": s.HibernateAt, "wake_at": s.WakeAt} {
			if len(strings.Fields(cron)) != 5 {
				d.wrong(at+"."+name, "write a cron expression of five columns, such as 0 20 * * 1-5")
			}
		}
		same := func(o HibernationSchedule) bool { return o.HibernateAt == s.HibernateAt && o.WakeAt == s.WakeAt }
		if slices.ContainsFunc(all[:i], same) {
			d.wrong(at, "a schedule with the same times is there already")
		}
	}
}
