package symbols

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFor_takesTheNearestOlderMinor(t *testing.T) {
	newest := indexed()[len(indexed())-1].String()
	for _, c := range []struct {
		target, minor string
		exact         bool
	}{
		{"2.7", "2.7", true},
		{"3.1.8", "3.1", true},
		{"3.1.0", "3.1", true},
		{"2.12", "2.11", false},
		{"2.10", "2.10", true},
		{"2.6.3", "2.7", false},
		{"1.10", "2.7", false},
		{"", newest, true},
		{"99.0", newest, false},
	} {
		index, err := For(c.target)
		require.NoError(t, err, c.target)
		assert.Equal(t, c.minor, index.minor.String(), c.target)
		assert.True(t, strings.HasPrefix(index.Version(), c.minor+"."), index.Version())
		assert.Equal(t, c.exact, index.Exact(), c.target)
	}
	for _, target := range []string{"3", "new", "3.x", "-1.2", "3.-1"} {
		_, err := For(target)
		assert.ErrorContains(t, err, "is not of the form 3.1", target)
	}
}

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		airflow, module, name string
		want                  Answer
	}{
		{"3.3", "airflow", "", Present},
		{"3.3", "airflow", "DAG", Present},             // lazily
		{"3.3", "airflow", "sdk", Present},             // a module below
		{"3.3", "airflow.models.dag", "DAG", Present},  // a shim
		{"3.3", "airflow.operators.bash", "", Present}, // a module without a file
		{"3.3", "airflow.operators.bash", "BashOperator", Present},
		{"3.3", "airflow.operators.bash", "Bash", NoName},
		{"3.3", "airflow.operators.python", "is_venv_installed", NoName},
		{"2.11", "airflow.operators.python", "is_venv_installed", Present},
		{"3.3", "airflow.utils.dates", "days_ago", NoName},
		{"3.3", "airflow.datasets", "Dataset", NoModule},
		{"2.11", "airflow.utils.dates", "days_ago", Present},
		{"3.3", "airflow.contrib.operators.ssh_operator", "SSHOperator", NoModule},
		{"2.11", "airflow.sdk", "DAG", NoModule},
		{"3.3", "airflow", "__version__", Unknown},
		{"3.3", "airflow.utils", "nothing", NoName},
		{"3.3", "airflow.sdk.timezone.utc", "", NoModule},
		{"3.3", "airflowx", "", Unknown},
		{"3.3", "pendulum", "now", Unknown},
		{"3.3", "airflow.decorators", "task.virtualenv", Present},
		{"3.3", "airflow.decorators", "task.docker", Unknown},
		{"2.11", "airflow.decorators", "nothing.docker", NoName},
		{"2.11", "airflow.nothing", "nothing.docker", NoModule},
		{"3.3", "airflow.example_dags.tutorial", "dag", Unknown},
		{"3.3", "airflow", "example_dags", Unknown},
		{"3.3", "airflow.macros.mine", "", Unknown},
		{"3.3", "airflow.macros", "mine", Unknown},
		{"3.3", "airflow.macros", "ds_add", Present},
		{"3.3", "airflow.api_fastapi.gunicorn_app", "", Unknown}, // wants a package
		{"3.3", "airflow.utils.log.s3_task_handler", "S3TaskHandler", Unknown},
		{"3.3", "airflow.providers.amazon.aws.hooks.s3", "S3Hook", Unknown},
		{"3.3", "airflow.providers", "amazon", Unknown},
		{"3.3", "airflow.providers.common", "messaging", Unknown},
		{"3.3", "airflow.providers.standard.operators.bash", "BashOperator", Present},
		{"2.11", "airflow.providers.standard.operators.bash", "BashOperator", Unknown},
	} {
		index, err := For(c.airflow)
		require.NoError(t, err)
		assert.Equal(t, c.want, index.Lookup(c.module, c.name), "%s: from %s import %s", c.airflow, c.module, c.name)
	}
}

func TestHistory(t *testing.T) {
	for _, c := range []struct{ airflow, module, name, removed, added string }{
		{"3.3", "airflow.utils.dates", "days_ago", "3.0", ""},
		{"3.0", "airflow.utils.dates", "days_ago", "3.0", ""},
		{"3.3", "airflow.operators.python", "is_venv_installed", "3.0", ""},
		{"2.11", "airflow.sdk", "", "", "3.0"},
		{"2.7", "airflow.decorators", "task.bash", "", "2.9"},
		{"3.3", "airflow.nothing", "nothing", "", ""},
	} {
		index, err := For(c.airflow)
		require.NoError(t, err)
		removed, err := index.RemovedIn(c.module, c.name)
		require.NoError(t, err)
		assert.Equal(t, c.removed, removed, "%s: %s", c.airflow, c.module)
		added, err := index.AddedIn(c.module, c.name)
		require.NoError(t, err)
		assert.Equal(t, c.added, added, "%s: %s", c.airflow, c.module)
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct {
		airflow, module, name, argument string
		takes                           bool
		removed, use                    string
	}{
		{"2.11", "airflow", "DAG", "schedule_interval", true, "", ""},
		{"3.3", "airflow", "DAG", "schedule_interval", false, "3.0", "schedule"},
		{"3.3", "airflow.models", "DAG", "schedule_interval", false, "3.0", "schedule"},
		{"3.3", "airflow.models.dag", "DAG", "concurrency", false, "3.0", "max_active_tasks"},
		{"3.3", "airflow.sdk", "DAG", "schedule_interval", false, "3.0", "schedule"}, // by its name: there was no airflow.sdk
		{"3.3", "airflow.sdk", "dag", "schedule_interval", false, "3.0", "schedule"},
		{"3.3", "airflow.decorators", "dag", "dag_id", true, "", ""},
		{"3.3", "airflow.decorators", "task", "retries", true, "", ""},
		{"3.3", "airflow.decorators", "task", "multiple_outputs", true, "", ""},
		{"3.3", "airflow.decorators", "task.virtualenv", "requirements", true, "", ""},
		{"3.3", "airflow.decorators", "task", "requirements", false, "", ""},
		{"3.3", "airflow.operators.bash", "BashOperator", "bash_command", true, "", ""},
		{"3.3", "airflow.operators.bash", "BashOperator", "sla", true, "", ""},
		{"3.3", "airflow.operators.bash", "BashOperator", "task_id", true, "", ""},
		{"3.3", "airflow.operators.bash", "BashOperator", "nothing", false, "", ""},
		{"3.3", "airflow.sensors.filesystem", "FileSensor", "poke_interval", true, "", ""},
		{"3.0", "airflow.models", "BaseOperator", "retries", true, "", ""}, // a subclass of the other BaseOperator
		{"3.3", "airflow.sensors.filesystem", "FileSensor", "task_concurrency", false, "3.0", "max_active_tis_per_dag"},
		{"3.3", "airflow.decorators", "task.virtualenv", "task_concurrency", false, "3.0", "max_active_tis_per_dag"},
	} {
		index, err := For(c.airflow)
		require.NoError(t, err)
		arguments, known := index.Arguments(c.module, c.name)
		require.True(t, known, "%s.%s", c.module, c.name)
		assert.Equal(t, c.takes, slices.Contains(arguments, c.argument), "%s: %s(%s)", c.airflow, c.name, c.argument)
		if c.takes {
			continue
		}
		removed, err := index.ArgumentRemovedIn(c.module, c.name, c.argument)
		require.NoError(t, err)
		assert.Equal(t, c.removed, removed, "%s: %s(%s)", c.airflow, c.name, c.argument)
		assert.Equal(t, c.use, index.ArgumentReplacement(c.module, c.name, c.argument))
	}
}

func TestArguments_unknownOfWhatMayTakeOthers(t *testing.T) {
	index, err := For("3.3")
	require.NoError(t, err)
	for _, name := range []string{"Variable", "XComArg", "nothing", "task.docker"} {
		_, known := index.Arguments("airflow.sdk", name)
		assert.False(t, known, name)
	}
}

func TestReplacement(t *testing.T) {
	for _, c := range []struct{ airflow, module, name, want string }{
		{"3.3", "airflow.utils.dates", "days_ago", "pendulum.today('UTC').add(days=-N, ...)"},
		{"3.3", "airflow.datasets", "Dataset", "airflow.sdk.Asset"},
		{"2.11", "airflow.datasets", "Dataset", ""}, // there is no airflow.sdk
		{"3.3", "airflow.operators.dummy", "DummyOperator", "airflow.providers.standard.operators.empty.EmptyOperator"},
		{"3.3", "airflow.utils.weekday", "WeekDay", "airflow.providers.standard.utils.weekday.WeekDay"},
		{"3.3", "airflow.utils.weekday", "", "airflow.providers.standard.utils.weekday"},
		{"3.3", "airflow.operators.subdag", "SubDagOperator", ""},
		{"3.3", "airflow.utils.dates", "", ""},
		{"3.3", "airflow.nothing", "nothing", ""},
	} {
		index, err := For(c.airflow)
		require.NoError(t, err)
		assert.Equal(t, c.want, index.Replacement(c.module, c.name), "%s: %s.%s", c.airflow, c.module, c.name)
	}
}

func TestPackages(t *testing.T) {
	index, err := For("3.3")
	require.NoError(t, err)
	packages := index.Packages()
	assert.Subset(t, packages, []string{"airflow", "pendulum", "yaml", "jinja2", "requests"})
	assert.NotContains(t, packages, "pandas")
	assert.NotContains(t, packages, "os")
	packages[0] = "changed"
	assert.NotContains(t, index.Packages(), "changed")
}

func TestFiles_areInOrder(t *testing.T) {
	for _, m := range indexed() {
		text, err := inflate("data/" + m.String() + ".gz")
		require.NoError(t, err)
		var modules []string
		for line := range strings.Lines(text) {
			if rest, ok := strings.CutPrefix(line, "module "); ok {
				entries := strings.Fields(rest)
				modules = append(modules, entries[0])
				names := slices.DeleteFunc(entries[1:], func(n string) bool { return n == doubtful || n == dynamic })
				assert.True(t, slices.IsSorted(names), entries[0])
				for _, n := range names {
					assert.Regexp(t, `^\??\w+(\.\w+)?(=\d+)?$`, n, entries[0])
				}
			}
		}
		assert.True(t, slices.IsSorted(modules))
		assert.Equal(t, modules, slices.Compact(slices.Clone(modules)))
		c, err := load(m)
		require.NoError(t, err)
		assert.True(t, slices.IsSorted(c.packages))
		assert.NotEmpty(t, c.providers)
		assert.Greater(t, len(c.modules), 500)
		for module, names := range c.modules {
			assert.True(t, isAirflow(module), module)
			for n := range strings.SplitSeq(names, " ") {
				if _, number, ok := strings.Cut(n, "="); ok {
					_, known := (&Index{contents: c}).line(number)
					assert.True(t, known, "%s.%s", module, n)
				}
			}
		}
	}
}

func TestFiles_areSmall(t *testing.T) {
	sum := int64(0)
	for _, f := range files(t) {
		info, err := f.Info()
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(150_000), f.Name())
		sum += info.Size()
	}
	assert.Less(t, sum, int64(1_000_000), "the function's package carries them")
}

func files(t testing.TB) []os.DirEntry {
	entries, err := os.ReadDir("data")
	require.NoError(t, err)
	return entries
}

func BenchmarkLoad(b *testing.B) {
	newest := indexed()[len(indexed())-1]
	b.ReportAllocs()
	for b.Loop() {
		_, err := readFile(newest)
		require.NoError(b, err)
	}
}

func BenchmarkLookup(b *testing.B) {
	index, err := For("")
	require.NoError(b, err)
	for b.Loop() {
		if index.Lookup("airflow.sdk", "timezone") != Present {
			b.Fatal("airflow.sdk.timezone is gone")
		}
	}
}
