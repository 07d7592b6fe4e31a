package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/secret"
)

func TestAstroSim_printsWhatClientsNeed(t *testing.T) {
	sim := exec.Command(built(t), "astro-sim", "--registry", "--listen", "127.0.0.1:0")
	out, err := sim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, sim.Start())
	var found []string
	for lines := bufio.NewScanner(out); found == nil && lines.Scan(); {
		found = regexp.MustCompile(`ASTRO_API_URL=(http://\S+)/v1 ASTRO_API_TOKEN=(\S+)`).FindStringSubmatch(lines.Text())
	}
	require.NotNil(t, found)

	client, err := astro.New(astro.Options{URL: found[1] + "/v1", Token: secret.NewValue(found[2])})
	require.NoError(t, err)
	d, err := client.Deployment(t.Context(), "anything")
	require.NoError(t, err)
	assert.True(t, d.IsDagDeployEnabled)
	made, err := client.Create(t.Context(), "anything", astro.CreateDeploy{Type: astro.TypeImageOnly})
	require.NoError(t, err)
	assert.Equal(t, strings.TrimPrefix(found[1], "http://")+"/"+d.OrganizationID+"/anything", made.ImageRepository)
	answer, err := http.Get(found[1] + "/_sim/live/anything")
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.JSONEq(t, "[]", string(body))

	require.NoError(t, sim.Process.Signal(os.Interrupt))
	assert.NoError(t, sim.Wait())
}
