package terraform_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/syncer"
)

// What the program would read is a configuration that it takes, and whose waiting fits into what a run has for it.
func TestConfigurations_areInOrder(t *testing.T) {
	for cloud, budgets := range map[string]syncer.Budgets{"aws": syncer.LambdaBudgets(), "gcp": syncer.CloudRunBudgets()} {
		n := 0
		for _, r := range runsOf(t, cloud) {
			c, is := configurationOf(t, r)
			if !is {
				continue
			}
			n++
			assert.NotEmpty(t, c.Targets, r.name)
			for _, target := range c.Targets {
				assert.LessOrEqual(t, *target.Settle, *target.MaxWait, r.name)
				assert.LessOrEqual(t, *target.MaxWait+time.Minute/2, budgets.Gather, "%s: nothing is left to read and check in", r.name)
			}
		}
		assert.Greater(t, n, 20, cloud)
	}
}

// The longest run that a function makes ends before the function does, and before its message comes again.
func TestBudgets_fitTheFunction(t *testing.T) {
	n := 0
	for _, cloud := range []string{"aws", "gcp"} {
		for _, r := range runsOf(t, cloud) {
			for _, f := range functionsOf(r) {
				n++
				run := syncer.LambdaBudgets().Run()
				if cloud == "gcp" {
					run = syncer.CloudRunBudgets().Run()
				}
				assert.GreaterOrEqual(t, f.timeout, run+answering, "%s", r.name)
			}
		}
	}
	assert.Greater(t, n, 40)
	assert.Less(t, syncer.CloudRunBudgets().Run(), waits)
}

const (
	// answering is what a host keeps after its last run (package dispatch).
	answering = 30 * time.Second
	// waits is for how long Pub/Sub does, at most.
	waits = 600 * time.Second
)

// function is what the clouds' functions have in common.
type function struct {
	environment map[string]any
	timeout     time.Duration
}

func functionsOf(r run) []function {
	var all []function
	for _, f := range r.of("aws_lambda_function") {
		if isValidator(f.Address) {
			continue
		}
		set, _ := first(f.Values["environment"])["variables"].(map[string]any)
		all = append(all, function{set, seconds(f.Values["timeout"])})
	}
	for _, f := range r.of("google_cloudfunctions2_function") {
		service := first(f.Values["service_config"])
		set, _ := service["environment_variables"].(map[string]any)
		all = append(all, function{set, seconds(service["timeout_seconds"])})
	}
	for _, s := range r.of("google_cloud_run_v2_service") {
		if isValidator(s.Address) {
			continue
		}
		template, set := first(s.Values["template"]), map[string]any{}
		for _, e := range list(first(template["containers"])["env"]) {
			set[e["name"].(string)] = e["value"]
		}
		all = append(all, function{set, seconds(template["timeout"])})
	}
	return all
}

// isValidator reports whether an address is that of the function or service that imports DAGs, and makes no runs.
func isValidator(address string) bool { return strings.HasSuffix(address, ".validator[0]") }

// configurationOf is the dagferry.yaml of a run; in a plan it may not be known yet.
func configurationOf(t testing.TB, r run) (config.Config, bool) {
	t.Helper()
	var written any
	for _, o := range append(r.of("aws_s3_object"), r.of("google_storage_bucket_object")...) {
		if content := o.Values["content"]; content != nil && o.Values["content_type"] == "application/yaml" {
			written = content
		}
	}
	for _, f := range functionsOf(r) {
		for name, value := range f.environment {
			if name == "PADDING" {
				continue
			}
			assert.Contains(t, readByTheProgram(t), name, r.name)
			if name == "DAGFERRY_CONFIG" {
				written = value
			}
		}
	}
	s, is := written.(string)
	if !is {
		return config.Config{}, false
	}
	c, err := config.Parse(r.name, []byte(s))
	require.NoError(t, err)
	return c, true
}
