package config_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/config"
)

func TestParseDeployment_problemsNameFileLineKeyAndRemedy(t *testing.T) {
	told(t, "testdata/deployments.txtar", func(name string, text []byte) (config.Config, error) {
		_, err := config.ParseDeployment(name, text)
		return config.Config{}, err
	})
}

// A file as the CLI prints it, by its public reference.
const inspected = `deployment:
    environment_variables:
        - is_secret: false
          key: PROJECT
          updated_at: "2026-06-22T14:02:26.281Z"
          value: 8080
        - is_secret: true
          key: API_KEY
          updated_at: 2026-06-22T14:02:27.892Z
          value: ""
    configuration:
        name: test
        description: ""
        runtime_version: 3.1-12
        dag_deploy_enabled: true
        ci_cd_enforcement: false
        scheduler_size: small
        is_high_availability: false
        is_development_mode: false
        executor: CeleryExecutor
        scheduler_count: 1
        workspace_name: data
        deployment_type: HOSTED_SHARED
        cloud_provider: AWS
        region: us-east-1
        default_task_pod_cpu: 0.25
        default_task_pod_memory: 0.5Gi
        workload_identity: ""
    worker_queues:
        - name: default
          max_worker_count: 10
          min_worker_count: 0
          worker_concurrency: 5
          worker_type: a5
    metadata:
        deployment_id: clx1prod
        cluster_id: N/A
        created_at: 2026-07-21T08:40:02.531Z
        hibernation_override: {is_hibernating: true}
    alert_emails:
    hibernation_schedules: []
`

func TestParseDeployment_takesWhatTheCLIPrints(t *testing.T) {
	f, err := config.ParseDeployment("prod.yaml", []byte(inspected))
	require.NoError(t, err)
	assert.Equal(t, "clx1prod", f.ID())
	assert.Equal(t, "prod.yaml", f.File)
	assert.Equal(t, config.Text("8080"), *f.EnvironmentVariables[0].Value)
	assert.Empty(t, f.EnvironmentVariables[1].Reference())
	c := f.Configuration
	assert.Equal(t, []string{"CELERY", "SMALL", "STANDARD", "0.25"}, []string{c.Executor, c.SchedulerSize, c.DeploymentType, c.TaskPodCPU})
	assert.Equal(t, "A5", f.WorkerQueues[0].WorkerType)
	assert.Nil(t, f.AlertEmails, "a section without a value is absent")
	assert.NotNil(t, f.HibernationSchedules, "an empty list wants nothing there")
	assert.Empty(t, f.HibernationSchedules)
}

func TestParseDeployment_takesJSONAndNothingAtAll(t *testing.T) {
	f, err := config.ParseDeployment("prod.json", []byte(`{"deployment": {"alert_emails": [], "configuration": {"ci_cd_enforcement": true}}}`))
	require.NoError(t, err)
	assert.True(t, *f.Configuration.CicdEnforcement)
	assert.NotNil(t, f.AlertEmails)
	f, err = config.ParseDeployment("prod.yaml", []byte("deployment: {}"))
	require.NoError(t, err)
	assert.Nil(t, f.EnvironmentVariables)
	assert.Empty(t, f.ID())
	_, err = config.LoadDeployment(filepath.Join(t.TempDir(), "none.yaml"), "none.yaml")
	require.ErrorContains(t, err, "read the Deployment's configuration")
}
