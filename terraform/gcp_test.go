package terraform_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/syncer"
)

// A message is waited for as long as Pub/Sub can, comes again soon, and is kept when it is given up.
func TestGCP_subscriptionsAreAsTheProtocolDerives(t *testing.T) {
	protocol := strings.Join(strings.Fields(string(read(t, "../docs/protocol.md"))), " ")
	require.Contains(t, protocol, "(ack deadline 600 s, retry 10–30 s, dead-letter topic)")
	require.Contains(t, protocol, "dead-letter after 100 attempts")
	n := 0
	for _, r := range runsOf(t, "gcp") {
		kept := map[any]bool{}
		for _, s := range r.of("google_pubsub_subscription") {
			kept[s.Values["topic"]] = true
			assert.Equal(t, "", first(s.Values["expiration_policy"])["ttl"], "%s: %s goes by itself", r.name, s.Address)
		}
		for _, s := range r.of("google_pubsub_subscription") {
			if strings.Contains(s.Address, ".dead[") {
				assert.Empty(t, s.Values["push_config"], "%s: %s", r.name, s.Address)
				continue
			}
			n++
			assert.Equal(t, waits, seconds(s.Values["ack_deadline_seconds"]), r.name)
			retry, dead := first(s.Values["retry_policy"]), first(s.Values["dead_letter_policy"])
			assert.Equal(t, []any{"10s", "30s"}, []any{retry["minimum_backoff"], retry["maximum_backoff"]}, r.name)
			assert.InDelta(t, 100, dead["max_delivery_attempts"], 0, r.name)
			if topic := dead["dead_letter_topic"]; topic != nil { // known
				assert.True(t, kept[topic], "%s: nothing keeps what %s gives up", r.name, s.Address)
			}
			assert.NotEmpty(t, first(s.Values["push_config"])["oidc_token"], r.name)
		}
	}
	assert.Greater(t, n, 20)
}

// One run for each target at a time is the process's doing, so that there is one process, with room for all who wait.
func TestGCP_oneInstance(t *testing.T) {
	n := 0
	for _, r := range runsOf(t, "gcp") {
		for _, f := range r.of("google_cloudfunctions2_function") {
			service := first(f.Values["service_config"])
			assert.InDelta(t, 1, service["max_instance_count"], 0, r.name)
			assert.InDelta(t, 80, service["max_instance_request_concurrency"], 0, r.name)
			n++
		}
		for _, s := range r.of("google_cloud_run_v2_service") {
			template := first(s.Values["template"])
			if isValidator(s.Address) {
				assert.InDelta(t, 1, template["max_instance_request_concurrency"], 0, "%s: a validator imports one bundle at a time", r.name)
				continue
			}
			assert.InDelta(t, 1, first(template["scaling"])["max_instance_count"], 0, r.name)
			assert.InDelta(t, 80, template["max_instance_request_concurrency"], 0, r.name)
			n++
		}
	}
	assert.Greater(t, n, 20)
}

// told is what calls the function: what a bucket tells, from a prefix on.
func toldOf(r run) []filter {
	var all []filter
	for _, n := range r.of("google_storage_notification") {
		bucket, _ := n.Values["bucket"].(string)
		prefix, _ := n.Values["object_name_prefix"].(string)
		all = append(all, filter{bucket, prefix, "pubsub"})
	}
	for _, trigger := range r.of("google_eventarc_trigger") {
		for _, c := range list(trigger.Values["matching_criteria"]) {
			if c["attribute"] == "bucket" {
				all = append(all, filter{c["value"].(string), "", "eventarc"})
			}
		}
	}
	return all
}

// Each source is told of, unless only sweeps see it, and the state never: its own writes would cause runs.
func TestGCP_filtersAreTheSourcesAndNotTheState(t *testing.T) {
	n := 0
	for _, r := range runsOf(t, "gcp") {
		c, is := configurationOf(t, r)
		if !is {
			continue
		}
		for _, f := range toldOf(r) {
			told := fmt.Sprintf("gs://%s/%s", f.bucket, f.prefix)
			asked := false
			for _, target := range c.Targets {
				assert.False(t, strings.HasPrefix(target.State, told), "%s: %s is told of the state %s", r.name, told, target.State)
				for _, s := range target.Sources {
					asked = asked || s.URL == told || f.by == "eventarc" && strings.HasPrefix(s.URL, told)
				}
			}
			n++
			assert.True(t, asked, "%s: nobody asked for %s", r.name, told)
		}
	}
	assert.Greater(t, n, 20)
}

// grant is a member of a bucket's policy: objects whose names begin with prefix, or all of them.
type grant struct {
	role, bucket string
	lists        bool
	prefixes     []string
}

var startsWith = regexp.MustCompile(`resource\.name\.startsWith\("projects/_/buckets/([^/"]+)/objects/([^"]*)"\)`)

func grantsOf(r run) []grant {
	var all []grant
	for _, m := range r.of("google_storage_bucket_iam_member") {
		role, _ := m.Values["role"].(string)
		bucket, _ := m.Values["bucket"].(string)
		g := grant{role: role, bucket: bucket, lists: true, prefixes: []string{""}}
		if condition := first(m.Values["condition"]); condition != nil {
			expression, _ := condition["expression"].(string)
			g.prefixes, g.lists = nil, strings.Contains(expression, fmt.Sprintf(`resource.name == "projects/_/buckets/%s" ||`, bucket))
			for _, found := range startsWith.FindAllStringSubmatch(expression, -1) {
				if found[1] == bucket {
					g.prefixes = append(g.prefixes, found[2])
				}
			}
		}
		all = append(all, g)
	}
	return all
}

// What the program reads and writes it may list, read and write, and in the state nothing beside its Deployments.
func TestGCP_permissionsAreWhatTheConfigurationNeeds(t *testing.T) {
	n := 0
	for _, r := range runsOf(t, "gcp") {
		c, is := configurationOf(t, r)
		if !is || strings.Contains(r.name, "somebody_else") {
			continue
		}
		may := func(role, url string) bool {
			bucket, prefix, _ := strings.Cut(strings.TrimPrefix(url, "gs://"), "/")
			return slices.ContainsFunc(grantsOf(r), func(g grant) bool {
				return g.role == role && g.bucket == bucket && g.lists && slices.ContainsFunc(g.prefixes, func(p string) bool { return strings.HasPrefix(prefix, p) })
			})
		}
		for _, target := range c.Targets {
			n++
			assert.True(t, may("roles/storage.objectUser", target.State+target.Deployment+"/"), "%s: the state of %s", r.name, target.Name)
			for _, s := range target.Sources {
				if !strings.Contains(s.URL, "far-team") { // its owner gives the permission
					assert.True(t, may("roles/storage.objectViewer", s.URL), "%s: %s", r.name, s.URL)
				}
			}
		}
		for _, g := range grantsOf(r) {
			if g.role == "roles/storage.objectViewer" {
				continue
			}
			for _, prefix := range g.prefixes {
				known := slices.ContainsFunc(c.Targets, func(t config.Target) bool { return "gs://"+g.bucket+"/"+prefix == t.State+t.Deployment+"/" })
				assert.True(t, known, "%s: %s on %s/%s", r.name, g.role, g.bucket, prefix)
			}
		}
	}
	assert.Greater(t, n, 20)
}

// Members are added, and nobody else's removed; what is given on the whole project is Eventarc's demand.
func TestGCP_roles(t *testing.T) {
	reasons := map[string]string{
		"roles/storage.objectViewer":           "reads sources and the configuration",
		"roles/storage.objectUser":             "keeps the state",
		"roles/secretmanager.secretAccessor":   "reads a target's token",
		"roles/run.invoker":                    "calls the function, or the validator",
		"roles/iam.serviceAccountTokenCreator": "Pub/Sub signs as the account that calls, and the function as itself",
		"roles/pubsub.publisher":               "buckets tell topics, and Pub/Sub its dead letters",
		"roles/pubsub.subscriber":              "Pub/Sub acknowledges what it gives up",
		"roles/eventarc.eventReceiver":         "Eventarc knows its receivers by this",
	}
	n := 0
	for _, r := range runsOf(t, "gcp") {
		for _, x := range r.resources {
			if x.Mode != "managed" || !strings.Contains(x.Type, "_iam_") {
				continue
			}
			n++
			assert.True(t, strings.HasSuffix(x.Type, "_iam_member"), "%s: %s removes the members of others", r.name, x.Address)
			role, _ := x.Values["role"].(string)
			assert.Contains(t, reasons, role, "%s: %s", r.name, x.Address)
			if x.Type == "google_project_iam_member" {
				assert.NotEmpty(t, r.of("google_eventarc_trigger"), "%s: %s without Eventarc", r.name, x.Address)
				assert.Contains(t, []string{"roles/pubsub.publisher", "roles/eventarc.eventReceiver"}, role, r.name)
			}
		}
	}
	assert.Greater(t, n, 200)
}

// Everything that can have labels has them.
func TestGCP_labels(t *testing.T) {
	n := 0
	for _, r := range runsOf(t, "gcp") {
		for _, x := range r.resources {
			for _, kind := range []string{"labels", "user_labels"} {
				if _, can := x.Values[kind]; can && strings.HasPrefix(r.name, "modules-") && x.Mode == "managed" {
					labels, _ := x.Values[kind].(map[string]any)
					assert.Contains(t, labels, "dagferry", "%s: %s", r.name, x.Address)
					n++
				}
			}
		}
	}
	assert.Greater(t, n, 100)
}

// A message that comes when a run has begun waits for that one and the next.
func TestGCP_timeoutsFitTwoRuns(t *testing.T) {
	module := text(t, "gcp")
	needed := 2*syncer.CloudRunBudgets().Run() + answering
	assert.Equal(t, needed, time.Duration(number(t, module, `var\.function\.timeout_seconds >= (\d+) `))*time.Second)
	assert.GreaterOrEqual(t, time.Duration(number(t, module, `timeout_seconds += optional\(number, (\d+)\)`))*time.Second, needed)
	assert.Equal(t, waits, time.Duration(number(t, module, `ack_seconds = (\d+)\n`))*time.Second)
}

// The variables that the module sets are ones that the program reads.
func TestGCP_environment(t *testing.T) {
	set := found(text(t, "gcp"), `"(DAGFERRY_[A-Z_]+)"`)
	assert.Equal(t, []string{"DAGFERRY_CONFIG", "DAGFERRY_CONFIG_FILE"}, set)
	assert.Subset(t, readByTheProgram(t), set)
}

// The alarms and the dashboard watch outcomes and fields that there are, and docs/operations.md says of each what it
// means, or what to do.
func TestGCP_watchesWhatTheProgramTells(t *testing.T) {
	operations := string(read(t, "../docs/operations.md"))
	alarms, metrics := string(read(t, "modules/gcp/alarms.tf")), string(read(t, "modules/gcp/metrics.tf"))
	assert.Subset(t, outcomes(), found(alarms, `metric\.labels\.Outcome=\\"(\w+)\\"`))

	fields := found(string(read(t, "../functions/gcssync/metrics.go")), `"([A-Z][a-z]\w+)"`)
	measured := found(regexp.MustCompile(`(?s)bounds = \{.*?\n  \}`).FindString(metrics), `(?m)^    ([A-Z]\w+) += `)
	require.Len(t, measured, 6)
	assert.ElementsMatch(t, fields, append(measured, "Runs", "Target", "Outcome"), "what the function writes is what is measured")
	assert.Subset(t, measured, found(alarms, `local\.logged\.(\w+DaysLeft|\w+Seconds)`))

	kinds := found(alarms, `(?m)^    ([a-z-]+) += \{$`)
	require.Len(t, kinds, 10)
	for _, name := range append(append(measured, "Runs", "Errors"), kinds...) {
		assert.True(t, strings.Contains(operations, "\n| `"+name+"` |"), "docs/operations.md has no row for %s", name)
	}
}
