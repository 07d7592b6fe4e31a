package terraform_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/syncer"
)

// text is a module's sources without their comments.
func text(t testing.TB, module string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("modules", module, "*.tf"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all strings.Builder
	for _, file := range files {
		all.Write(read(t, file))
	}
	return regexp.MustCompile(`(?m)(^|\s)#.*$`).ReplaceAllString(all.String(), "$1")
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

// found is each text that a pattern's group matches.
func found(in, pattern string) []string {
	var all []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(in, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func number(t testing.TB, in, pattern string) int {
	t.Helper()
	all := found(in, pattern)
	require.Len(t, all, 1, pattern)
	n, err := strconv.Atoi(all[0])
	require.NoError(t, err)
	return n
}

// A message stays hidden for as long as a function may work on it, and is given up when two of the longest leases may
// have passed by (docs/protocol.md, BUSY).
func TestAWS_queuesAreAsTheProtocolDerives(t *testing.T) {
	module := text(t, "aws")
	assert.Equal(t, 60, number(t, module, `visibility_seconds = var\.function\.timeout_seconds \+ (\d+)\n`))

	const afterFinalize, longestBackOff = 30 * time.Second, 30 * time.Second
	lease := syncer.LambdaBudgets().Finalize + afterFinalize
	needed := 2 * int(math.Ceil(lease.Seconds()/longestBackOff.Seconds()))
	receives := number(t, module, `max_receives = (\d+)\n`)
	assert.Equal(t, int(math.Ceil(float64(needed)/10))*10, receives)
	protocol := string(read(t, "../docs/protocol.md"))
	assert.Contains(t, protocol, "Redrive after "+strconv.Itoa(receives)+" receives")
	assert.Contains(t, protocol, "function time-out + 60 s")
}

// The module takes no time-out that the function then refuses.
func TestAWS_timeoutsThatTheFunctionTakes(t *testing.T) {
	module := text(t, "aws")
	longEnough := func(seconds int) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
		defer cancel()
		return (&dispatch.Dispatcher{Syncer: syncer.Syncer{Budgets: syncer.LambdaBudgets()}}).LongEnough(ctx)
	}
	least := number(t, module, `var\.function\.timeout_seconds >= (\d+) `)
	require.NoError(t, longEnough(least))
	require.Error(t, longEnough(least-1))
	require.NoError(t, longEnough(number(t, module, `timeout_seconds += optional\(number, (\d+)\)`)))
}

// The variables that the module sets are ones that the program reads.
func TestAWS_environment(t *testing.T) {
	set := found(text(t, "aws"), `"(DAGFERRY_[A-Z_]+)"`)
	assert.Equal(t, []string{"DAGFERRY_CONFIG", "DAGFERRY_CONFIG_FILE"}, set)
	assert.Subset(t, readByTheProgram(t), set)
}

// readByTheProgram is the environment variables that package config, the only reader of the environment, asks for.
func readByTheProgram(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../internal/config/*.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			all.Write(read(t, file))
		}
	}
	return found(all.String(), `get\("([A-Z_]+)"\)`)
}

// Only what X-Ray and EC2 know no resources for is allowed for all resources.
func TestAWS_statementsForAllResources(t *testing.T) {
	var needs []string
	for _, need := range regexp.MustCompile(`(?m)^      (\w+) = \{\n(?:        .*\n)+`).FindAllStringSubmatch(string(read(t, "modules/aws/iam.tf")), -1) {
		if strings.Contains(need[0], `"*"`) {
			needs = append(needs, need[1])
		}
	}
	assert.Equal(t, []string{"WriteTraces", "DescribeVPC"}, needs)
	assert.Equal(t, len(needs)+1, strings.Count(text(t, "aws"), `["*"]`), "a * elsewhere; the validator has DescribeVPC, too")
}

// The alarms and the dashboard watch outcomes that there are, and docs/operations.md says of each metric what it means,
// and of each alarm what to do.
func TestAWS_watchesWhatTheProgramTells(t *testing.T) {
	operations := string(read(t, "../docs/operations.md"))
	alarms, dashboard := string(read(t, "modules/aws/alarms.tf")), string(read(t, "modules/aws/dashboard.tf"))
	assert.Subset(t, outcomes(), found(alarms, `Outcome = "(\w+)"`))
	assert.Subset(t, outcomes(), found(regexp.MustCompile(`for outcome in \[[^\]]*\]`).FindString(dashboard), `"(\w+)"`))

	metrics := append(found(alarms, `"dagferry", "(\w+)"`), found(dashboard, `(?m)^      ([A-Z]\w+) += "`)...)
	require.Subset(t, metrics, []string{"Runs", "LagSeconds", "DeploySeconds", "Files", "Bytes", "Requests", "TokenDaysLeft"})
	kinds := found(alarms, `(?m)^    ([a-z-]+) += \{$`)
	require.Len(t, kinds, 10)
	for _, name := range append(metrics, kinds...) {
		assert.True(t, strings.Contains(operations, "\n| `"+name+"` |"), "docs/operations.md has no row for %s", name)
	}
}

func outcomes() []string {
	return []string{
		string(syncer.Deployed), string(syncer.Unchanged), string(syncer.Rejected), string(syncer.Held),
		string(syncer.Busy), string(syncer.Denied), string(syncer.Failed),
	}
}

func TestModules_haveFewVariables(t *testing.T) {
	modules, err := filepath.Glob("modules/*")
	require.NoError(t, err)
	for _, module := range modules {
		names := found(text(t, filepath.Base(module)), `(?m)^variable "(\w+)" \{`)
		assert.NotEmpty(t, names)
		assert.LessOrEqual(t, len(names), 20, module)
	}
}

func TestExamples(t *testing.T) {
	examples, err := filepath.Glob("examples/*")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, example := range examples {
		page := string(read(t, filepath.Join(example, "README.md")))
		for _, section := range []string{"## From nothing to a first deploy", "## Destroy", "## Costs"} {
			assert.Contains(t, page, section, example)
		}
		if strings.HasSuffix(example, "-minimal") {
			assert.Less(t, strings.Count(string(read(t, filepath.Join(example, "main.tf"))), "\n"), 30, example)
		}
	}
}
