package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/local/engine"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

var played = flag.Bool("played", false, "play the lives of repositories")

// play plays the scripts of a folder, in which repositories are deployed by the command line. Each has a simulator of its own, with a
// registry, in which deploys arrive after a while (astrotest.Options.ArriveAfter), and images are really built and pushed. more gives a
// script what else it needs.
func play(t *testing.T, dir string, builder *engine.Engine, arrive time.Duration, more func(*testscript.Env) error) {
	t.Helper()
	python, err := embedded.Interpreter()
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			sim := astrotest.Start(setup{e}, astrotest.Options{Registry: true, NoRateLimit: true, ArriveAfter: arrive})
			e.Values[simulator{}] = sim
			e.Vars = append(e.Vars, builder.Env...)
			for name, value := range map[string]string{
				"ASTRO_API_URL": sim.URL(), "ASTRO_API_TOKEN": sim.Token(astrotest.TokenOptions{}), "DAGFERRY_PYTHON": python,
				"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.com",
				"GIT_CONFIG_GLOBAL": os.DevNull,
				"PATH":              pathOf(builder) + string(os.PathListSeparator) + e.Getenv("PATH"),
			} {
				e.Setenv(name, value)
			}
			return more(e)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "live": live, "configured": configured, "rollback": rollback, "token": token, "upload": upload,
		},
	})
}

// simulator is the key of a script's own.
type simulator struct{}

func simulated(ts *testscript.TestScript) *astrotest.Server {
	sim, _ := ts.Value(simulator{}).(*astrotest.Server)
	return sim
}

// pathOf is where a builder's programs are.
func pathOf(builder *engine.Engine) string {
	path, _, _ := strings.Cut(strings.TrimPrefix(builder.Env[0], "PATH="), string(os.PathListSeparator))
	return path
}

// live is a script's "live DEPLOYMENT": it prints the DAGs, and the image's tag, that Astro has live.
func live(ts *testscript.TestScript, _ bool, args []string) {
	var names []string
	for _, f := range simulated(ts).Live(args[0]) {
		names = append(names, f.Path)
	}
	var image string
	if deploys := deployed(ts, args[0]); len(deploys) > 0 {
		image = deploys[0].ImageTag
	}
	_, err := fmt.Fprintf(ts.Stdout(), "dags: %s\nimage: %s\n", strings.Join(names, " "), image)
	ts.Check(err)
}

// deployed are the deploys that arrived, the newest first.
func deployed(ts *testscript.TestScript, deployment string) []astrotest.Deploy {
	var all []astrotest.Deploy
	for _, d := range simulated(ts).Deploys(deployment) {
		if d.Status == "DEPLOYED" {
			all = append(all, d)
		}
	}
	return all
}

// configured is a script's "configured DEPLOYMENT NAME=VALUE...": these are the Deployment's environment variables, secret ones too, and no
// others.
func configured(ts *testscript.TestScript, _ bool, args []string) {
	want, have := args[1:], simulated(ts).Variables(args[0])
	for _, variable := range want {
		name, value, _ := strings.Cut(variable, "=")
		if got, there := have[name]; !there || got != value {
			ts.Fatalf("%s of %s is %q, want %q", name, args[0], got, value)
		}
	}
	if len(have) != len(want) {
		ts.Fatalf("%s has %d variables, want %d: %v", args[0], len(have), len(want), have)
	}
}

// rollback is a script's "rollback DEPLOYMENT": a person goes back to the deploy before the newest, in Astro's UI.
func rollback(ts *testscript.TestScript, _ bool, args []string) {
	all := deployed(ts, args[0])
	if len(all) < 2 {
		ts.Fatalf("%s had %d deploys: there is nothing to go back to", args[0], len(all))
	}
	_, err := simulated(ts).Rollback(args[0], all[1].ID, "")
	ts.Check(err)
}

// token is a script's "token DEPLOYMENT": from here on, ASTRO_API_TOKEN is an API token of that Deployment alone.
func token(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("ASTRO_API_TOKEN", simulated(ts).Token(astrotest.TokenOptions{Deployment: args[0]}))
}
