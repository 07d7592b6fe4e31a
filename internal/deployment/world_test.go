package deployment_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/deployment"
	"github.com/dagferry/dagferry/internal/secret"
)

const id = "cltest"

// world is a Deployment at the simulator, and who configures it.
type world struct {
	*testing.T
	sim    *astrotest.Server
	client *astro.Client
	vars   map[string]string
}

func start(t *testing.T) world {
	t.Helper()
	sim := astrotest.Start(t, astrotest.Options{NoRateLimit: true})
	w := world{t, sim, nil, map[string]string{}}
	w.client = w.as(astrotest.TokenOptions{})
	return w
}

func (w world) as(o astrotest.TokenOptions) *astro.Client {
	w.Helper()
	c, err := astro.New(astro.Options{URL: w.sim.URL(), Token: secret.NewValue(w.sim.Token(o))})
	require.NoError(w, err)
	return c
}

func (w world) file(text string) config.Deployment {
	w.Helper()
	f, err := config.ParseDeployment("prod.yaml", []byte(text))
	require.NoError(w, err)
	return f
}

func (w world) diff(text string) deployment.Diff {
	w.Helper()
	d, err := deployment.Compare(w.Context(), w.client, id, w.file(text))
	require.NoError(w, err)
	return d
}

func (w world) options() deployment.Options {
	return deployment.Options{Secrets: secret.Local(func(name string) (string, bool) { v, ok := w.vars[name]; return v, ok })}
}

// apply applies a file, removals included, and wants nothing to be left.
func (w world) apply(text string) {
	w.Helper()
	o := w.options()
	o.AllowRemovals = true
	left, err := w.diff(text).Apply(w.Context(), o)
	require.NoError(w, err)
	require.Empty(w, left.Changes)
}

func (w world) live() astro.Settings {
	w.Helper()
	s, err := w.client.Settings(w.Context(), id)
	require.NoError(w, err)
	return s
}

func (w world) export() string {
	w.Helper()
	var b bytes.Buffer
	require.NoError(w, deployment.Export(w.Context(), w.client, id, &b))
	return b.String()
}

// said are the changes in short: what becomes of what.
func said(d deployment.Diff) []string {
	all := []string{}
	for _, c := range d.Changes {
		name := c.Name
		if c.Field != "" {
			name += "." + c.Field
		}
		all = append(all, string(c.Kind)+" "+c.Section+" "+name)
	}
	return all
}

// whole is a file with something in each section.
const whole = `deployment:
  configuration:
    description: the first
    executor: CeleryExecutor
    is_high_availability: true
    ci_cd_enforcement: true
  environment_variables:
    - {key: STAGE, value: prod}
    - {key: API_KEY, is_secret: true, value: env://API_KEY}
  worker_queues:
    - {name: default, worker_type: a5, max_worker_count: 10, min_worker_count: 1, worker_concurrency: 5}
    - {name: heavy, worker_type: A20, max_worker_count: 5, min_worker_count: 0, worker_concurrency: 10}
  alert_emails: [b@example.com, a@example.com]
  hibernation_schedules:
    - {hibernate_at: 0 20 * * 1-5, wake_at: 0 7 * * 1-5, description: nights, enabled: true}
`
