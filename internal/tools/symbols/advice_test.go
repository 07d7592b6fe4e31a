package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReplacement(t *testing.T) {
	for help, want := range map[string]string{
		"Install `apache-airflow-providers-standard>=0.0.1` and use `BashOperator` from `airflow.providers.standard.operators.bash` instead.": "airflow.providers.standard.operators.bash.BashOperator",
		"`chain` has been moved to `airflow.sdk` since Airflow 3.0 (with apache-airflow-task-sdk>=1.0.0).":                                    "airflow.sdk.chain",
		"Use `pendulum.today('UTC').add(days=-N, ...)` instead":                                                                               "pendulum.today('UTC').add(days=-N, ...)",
		"Use `Asset` from `airflow.sdk` instead.":                                                                                             "airflow.sdk.Asset",
		"Use `schedule` instead":                              "schedule",
		"The whole `airflow.subdag` module has been removed.": "",
		"": "",
	} {
		assert.Equal(t, want, replacement(help), help)
	}
}

func TestHelps(t *testing.T) {
	output := "airflow3-removal: `a.b` is removed in Airflow 3.0\n  --> a.py:2:1\n   |\n2 | b\n   | ^\nhelp: Use `c` instead\n\n" +
		"airflow3-removal: `x` is removed in Airflow 3.0\n --> a.py:12:4\n   |\n\n"
	assert.Equal(t, map[place][]string{{"a.py", 2}: {"Use `c` instead"}}, helps(output))
}

func TestLost_namesAndArguments(t *testing.T) {
	older := answer{Signatures: [][]string{{"x", "y"}}, Modules: map[string]module{
		"a.b": {Names: []string{"_private", "f", "gone", "kept"}, Doubtful: []string{"wanting"}, Calls: map[string]int{"f": 0}},
		"a.c": {Names: []string{"d"}},
		"a.e": {Names: []string{"g"}},
	}}
	newer := answer{Signatures: [][]string{{"y", "z"}}, Modules: map[string]module{
		"a.b": {Names: []string{"f", "kept", "new"}, Calls: map[string]int{"f": 0}},
		"a.e": {Unknown: "ModuleNotFoundError"},
	}}
	assert.Equal(t, []name{{"a.b", "f", "x"}, {"a.b", "gone", ""}, {"a.b", "wanting", ""}, {"a.c", "d", ""}}, lost([]answer{older, newer}))
	assert.Empty(t, lost([]answer{newer}))
}

func TestMovedTo_onlyIfItIsClear(t *testing.T) {
	newest := answer{Modules: map[string]module{
		"airflow.sdk":          {Names: []string{"Edge"}},
		"airflow.new.weekday":  {Homes: []string{"WeekDay"}},
		"airflow.new.entities": {Homes: []string{"User", "Twice"}},
		"airflow.two.entities": {Homes: []string{"Twice"}},
	}}
	for _, c := range []struct{ module, name, want string }{
		{"airflow.utils.edge", "Edge", "airflow.sdk"},
		{"airflow.utils.weekday", "WeekDay", "airflow.new.weekday"},
		{"airflow.models", "User", ""}, // another one, perhaps
		{"airflow.old.entities", "Twice", ""},
	} {
		assert.Equal(t, c.want, newest.movedTo(name{module: c.module, name: c.name}), c.name)
	}
}

func TestIndexText(t *testing.T) {
	a := answer{Version: "3.1.8", Packages: []string{"airflow", "yaml"}, Providers: []string{"airflow.providers.smtp"}, Signatures: [][]string{{"x", "y"}},
		Modules: map[string]module{
			"airflow.b": {Names: []string{"c", "f", "task"}, Doubtful: []string{"w"}, Calls: map[string]int{"f": 0, "task.bash": 0}},
			"airflow":   {Dynamic: true, Names: []string{"z"}},
			"airflow.u": {Unknown: "ImportError"},
		}}
	assert.Equal(t, "airflow 3.1.8\npackages airflow yaml\nproviders airflow.providers.smtp\narguments x y\n"+
		"module airflow * z\nmodule airflow.b ?w c f=0 task task.bash=0\nmodule airflow.u ?\n", indexText(a))
}
