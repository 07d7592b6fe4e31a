package terraform_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAWS_queuesFollowTheFunction(t *testing.T) {
	for _, r := range runsOf(t, "aws") {
		functions := r.of("aws_lambda_function")
		if len(functions) == 0 {
			continue // it was refused
		}
		timeout := functions[0].Values["timeout"].(float64)
		assert.GreaterOrEqual(t, timeout, 810.0, r.name)
		for _, q := range r.of("aws_sqs_queue") {
			if strings.Contains(q.Address, ".dead[") {
				continue
			}
			assert.InDelta(t, timeout+60, q.Values["visibility_timeout_seconds"], 0, r.name)
			if policy, known := q.Values["redrive_policy"].(string); known {
				assert.Contains(t, policy, `"maxReceiveCount":50`, r.name)
			}
		}
		assert.Len(t, r.of("aws_sqs_queue"), 2*len(r.of("aws_lambda_event_source_mapping")), "a queue and a dead-letter queue for each mapping: %s", r.name)
	}
}

// filter is what one queue is told of a bucket.
type filter struct{ bucket, prefix, by string }

func filters(t testing.TB, r run) []filter {
	t.Helper()
	var all []filter
	for _, n := range r.of("aws_s3_bucket_notification") {
		for _, q := range list(n.Values["queue"]) {
			bucket, _ := n.Values["bucket"].(string)
			prefix, _ := q["filter_prefix"].(string)
			all = append(all, filter{bucket, prefix, "s3"})
		}
	}
	for _, rule := range r.of("aws_cloudwatch_event_rule") {
		var pattern struct {
			Detail struct {
				Bucket struct{ Name []string }
				Object struct{ Key []struct{ Prefix string } }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(rule.Values["event_pattern"].(string)), &pattern))
		for _, key := range pattern.Detail.Object.Key {
			require.Len(t, pattern.Detail.Bucket.Name, 1)
			all = append(all, filter{pattern.Detail.Bucket.Name[0], key.Prefix, "eventbridge"})
		}
	}
	return all
}

// S3 refuses overlapping filters: targets with shared or nested prefixes are told by EventBridge.
func TestAWS_notificationsDoNotOverlap(t *testing.T) {
	n := 0
	for _, r := range runsOf(t, "aws") {
		all := filters(t, r)
		for i, a := range all {
			for _, b := range all[i+1:] {
				if a.bucket == b.bucket && a.by == "s3" && b.by == "s3" {
					n++
					assert.False(t, strings.HasPrefix(a.prefix, b.prefix) || strings.HasPrefix(b.prefix, a.prefix), "%s: %v %v", r.name, a, b)
				}
			}
		}
	}
	assert.NotZero(t, n, "some run has two notifications of one bucket")
}

// Each source is told of, and the state never: its own writes would cause runs.
func TestAWS_filtersAreTheSourcesAndNotTheState(t *testing.T) {
	n := 0
	for _, r := range runsOf(t, "aws") {
		c, is := configurationOf(t, r)
		if !is {
			continue
		}
		for _, f := range filters(t, r) {
			told := fmt.Sprintf("s3://%s/%s", f.bucket, f.prefix)
			asked := false
			for _, target := range c.Targets {
				assert.False(t, strings.HasPrefix(target.State, told), "%s: %s is told of the state %s", r.name, told, target.State)
				for _, s := range target.Sources {
					asked = asked || s.URL == told
				}
			}
			n++
			assert.True(t, asked, "%s: nobody asked for %s", r.name, told)
		}
	}
	assert.Greater(t, n, 10)
}

// What a policy allows for all resources, in every run.
func TestAWS_policiesForAllResources(t *testing.T) {
	for _, r := range runsOf(t, "aws") {
		for _, p := range r.of("aws_iam_role_policy") {
			var policy struct {
				Statement []struct {
					Sid, Effect string
					Action      []string
					Resource    []string
				}
			}
			written, known := p.Values["policy"].(string)
			if !known {
				continue
			}
			require.NoError(t, json.Unmarshal([]byte(written), &policy))
			for _, s := range policy.Statement {
				for _, on := range s.Resource {
					if on == "*" {
						assert.Contains(t, []string{"WriteTraces", "DescribeVPC"}, s.Sid, r.name)
					}
				}
				for _, action := range s.Action {
					assert.NotContains(t, action, "*", r.name)
					if strings.HasPrefix(action, "s3:Delete") {
						assert.Equal(t, "RemoveBundles", s.Sid, "%s: nothing else of the state is ever deleted", r.name)
						for _, on := range s.Resource {
							assert.True(t, strings.HasSuffix(on, "/validator/*"), "%s: %s", r.name, on)
						}
					}
				}
			}
		}
	}
}

// Everything that can have tags has them.
func TestAWS_tags(t *testing.T) {
	n := 0
	for _, r := range runsOf(t, "aws") {
		for _, x := range r.resources {
			if _, can := x.Values["tags"]; can && strings.HasPrefix(r.name, "modules-") && x.Mode == "managed" && x.Type != "aws_s3_object" { // objects have ten tags at most
				tags, _ := x.Values["tags"].(map[string]any)
				assert.Contains(t, tags, "dagferry", "%s: %s", r.name, x.Address)
				n++
			}
		}
	}
	assert.Greater(t, n, 100)
}
