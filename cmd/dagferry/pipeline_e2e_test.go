package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/local/engine"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

// TestPipeline plays the life of repositories with permanent branches, from the command line, with images that are really built and
// pushed. docs/pipeline.md shows what it prints (make e2e-pipeline).
func TestPipeline(t *testing.T) {
	python, err := embedded.Interpreter()
	require.NoError(t, err)
	builder := engine.Start(t, "buildah")
	base := builder.Runtime(t, "3.1-12")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/pipeline",
		Setup: func(e *testscript.Env) error {
			sim := astrotest.Start(setup{e}, astrotest.Options{Registry: true, NoRateLimit: true})
			e.Values[simulator{}] = sim
			e.Vars = append(e.Vars, builder.Env...)
			for name, value := range map[string]string{
				"ASTRO_API_URL": sim.URL(), "ASTRO_API_TOKEN": sim.Token(astrotest.TokenOptions{}), "DAGFERRY_PYTHON": python, "BASE": base,
				"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.com",
				"GIT_CONFIG_GLOBAL": os.DevNull,
				"PATH":              pathOf(builder) + string(os.PathListSeparator) + e.Getenv("PATH"),
			} {
				e.Setenv(name, value)
			}
			return expand(e.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "live": live},
	})
}

// simulator is the key of a script's own.
type simulator struct{}

// pathOf is where a builder's programs are.
func pathOf(builder *engine.Engine) string {
	path, _, _ := strings.Cut(strings.TrimPrefix(builder.Env[0], "PATH="), string(os.PathListSeparator))
	return path
}

// live is a script's "live DEPLOYMENT": it prints the DAGs, and the image's tag, that Astro has live.
func live(ts *testscript.TestScript, _ bool, args []string) {
	sim, _ := ts.Value(simulator{}).(*astrotest.Server)
	var names []string
	for _, f := range sim.Live(args[0]) {
		names = append(names, f.Path)
	}
	var image string
	for _, d := range sim.Deploys(args[0]) {
		if d.Status == "DEPLOYED" {
			image = d.ImageTag
			break
		}
	}
	_, err := fmt.Fprintf(ts.Stdout(), "dags: %s\nimage: %s\n", strings.Join(names, " "), image)
	ts.Check(err)
}
