package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/report"
	"github.com/dagferry/dagferry/internal/syncer"
)

func TestDeployText_saysWhatIsLiveAsFarAsItIsKnown(t *testing.T) {
	r := pipeline.Result{Outcome: syncer.Failed, Plan: pipeline.Plan{Target: "prod", Dags: "git", Decision: pipeline.DagOnly}}
	live := func() string {
		var b strings.Builder
		require.NoError(t, report.DeployText(&b, r))
		_, says, _ := strings.Cut(b.String(), "\n  live     ")
		return says
	}
	assert.Equal(t, "what was: the image of no deploy that is known, DAGs of no deploy that is known\n", live())
	r.Run.Sent = "d1"
	assert.Contains(t, live(), "perhaps deploy d1", "a finalize whose answer is lost may have been made")
	r.Run.Deploy = &syncer.DeployRecord{ID: "d1"}
	assert.Equal(t, "deploy d1\n", live())
}
