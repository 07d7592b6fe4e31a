package pipeline_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/pipeline"
)

func TestPlan_firstDeployTakesAll(t *testing.T) {
	w := newWorld(t)
	p := w.plan()
	assert.Equal(t, pipeline.ImageAndDag, p.Decision)
	assert.Equal(t, "deployments/prod.yaml", p.ConfigurationFile)
	says(t, p, "DAGs: deployed whole, for nothing was deployed yet", "image: deployed whole, for nothing was deployed yet")
	assert.Empty(t, p.Files)
}

func TestPlan_eachPartHasItsOwnBase(t *testing.T) {
	w := newWorld(t)
	first := w.head()
	w.deploy(astro.TypeImageAndDag, first)
	image := w.change("requirements.txt")
	w.deploy(astro.TypeImageOnly, image)
	dag := w.change("dags/etl.py")
	w.expect(pipeline.DagOnly, "dags/etl.py: dags")

	w.deploy(astro.TypeDagOnly, dag)
	p := w.expect(pipeline.Nothing)
	assert.Equal(t, image, p.ImageBase.Commit)
	assert.Equal(t, dag, p.DagBase.Commit)

	both := w.change("requirements.txt")
	p = w.expect(pipeline.ImageOnly, "requirements.txt: image")
	says(t, p, "image: 1 file changed since "+image[:7], "DAGs: no change since "+dag[:7])
	w.deploy(astro.TypeImageOnly, both)
	assert.Equal(t, dag, w.plan().DagBase.Commit, "an image says nothing of DAGs")
}

func TestPlan_deploysThatSayNothingArePassedOver(t *testing.T) {
	w := newWorld(t)
	first := w.head()
	live := w.deploy(astro.TypeImageAndDag, first)
	second := w.change("dags/etl.py")
	_, err := w.client.Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeImageAndDag, Git: recorded(second)})
	require.NoError(t, err) // nobody finalized it
	w.sim.Fault(astrotest.Fault{Op: "finalize", Failed: true})
	assert.Equal(t, astro.StatusFailed, w.deploy(astro.TypeDagOnly, second).Status)
	w.deploy(astro.TypeBundle, second)
	p := w.expect(pipeline.DagOnly, "dags/etl.py: dags")
	assert.Equal(t, live.ID, p.DagBase.Deploy)
	assert.Equal(t, live.ID, p.ImageBase.Deploy)
}

func TestPlan_aDeployWithoutACommitIsOfNobodyKnowsWhat(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	w.sim.Deploy(deployment, "by hand", nil)
	w.deploy(astro.TypeDagOnly, "")
	p := w.expect(pipeline.DagOnly)
	says(t, p, "DAGs: deployed whole, for the deploy", "names no commit", "image: no change")
	w.deploy(astro.TypeImageOnly, "HEAD")
	p = w.plan()
	assert.Equal(t, pipeline.ImageAndDag, p.Decision)
	says(t, p, `names "HEAD", which is no commit's whole id`)
}

func TestPlan_rollbacks(t *testing.T) {
	w := newWorld(t)
	first := w.head()
	one := w.deploy(astro.TypeImageAndDag, first)
	second := w.change("dags/etl.py")
	two := w.deploy(astro.TypeDagOnly, second)
	third := w.change("requirements.txt")
	w.deploy(astro.TypeImageOnly, third)
	w.expect(pipeline.Nothing)

	back, err := w.sim.Rollback(deployment, two.ID, "")
	require.NoError(t, err)
	p := w.expect(pipeline.ImageOnly, "requirements.txt: image")
	assert.Equal(t, first, p.ImageBase.Commit, "the image that was live when the DAGs were deployed")
	assert.Equal(t, second, p.DagBase.Commit)
	assert.Equal(t, back.ID, p.DagBase.RollbackBy)
	says(t, p, "somebody rolled the image back to what deploy "+one.ID)
	assert.Empty(t, p.Refused)

	again, err := w.sim.Rollback(deployment, back.ID, "") // to the deploy that was a rollback
	require.NoError(t, err)
	assert.Equal(t, again.RollbackFromID, back.ID)
	assert.Equal(t, second, w.plan().DagBase.Commit)

	_, err = w.sim.Rollback(deployment, one.ID, "")
	require.NoError(t, err)
	w.expect(pipeline.ImageAndDag, "dags/etl.py: dags", "requirements.txt: image")
	w.deploy(astro.TypeImageAndDag, third)
	w.expect(pipeline.Nothing)
}

// Of two deploys at once the one that is finalized last wins, though the list has it below the other.
func TestPlan_whatIsLiveIsNotWhatWasCreatedLast(t *testing.T) {
	w := newWorld(t)
	first := w.head()
	older, err := w.client.Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeImageAndDag, Git: recorded(first)})
	require.NoError(t, err)
	w.deploy(astro.TypeImageAndDag, w.change("dags/etl.py"))
	w.expect(pipeline.Nothing)
	w.finalize(older)
	p := w.plan()
	assert.Equal(t, pipeline.ImageAndDag, p.Decision)
	says(t, p, "image: deployed whole, for the Deployment runs ", "DAGs: deployed whole, for the Deployment runs ")
}

func TestPlan_manyDagsBetweenTwoImages(t *testing.T) {
	w := newWorld(t, "  dags: bucket")
	first := w.head()
	w.deploy(astro.TypeImageOnly, first)
	for range 130 {
		w.sim.Deploy(deployment, "by a function", nil)
	}
	assert.Equal(t, first, w.expect(pipeline.Nothing).ImageBase.Commit)
	for range 1900 {
		w.sim.Deploy(deployment, "by a function", nil)
	}
	p := w.plan()
	assert.Equal(t, pipeline.ImageOnly, p.Decision)
	says(t, p, "none of the newest 2000 deploys brought it")
}

func TestPlan_anotherTypeIsNotGuessed(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	deploys := w.sim.Deploys(deployment)
	deploys[0].Type = "REMOTE_EXECUTION"
	w.answer("deploys", map[string]any{"deploys": deploys, "totalCount": 1})
	p := w.plan()
	assert.Equal(t, pipeline.ImageAndDag, p.Decision)
	says(t, p, `is of the type "REMOTE_EXECUTION", which this version does not know`)
}

// Nobody knows whether Astro gives a rollback a tag of its own: what the Deployment runs is compared with the rollback's.
func TestPlan_aRollbackMayHaveATagOfItsOwn(t *testing.T) {
	w := newWorld(t)
	one := w.deploy(astro.TypeImageAndDag, w.head())
	w.deploy(astro.TypeImageAndDag, w.change("requirements.txt"))
	_, err := w.sim.Rollback(deployment, one.ID, "")
	require.NoError(t, err)
	deploys := w.sim.Deploys(deployment)
	deploys[0].ImageTag = "deploy-rollback"
	w.answer("deploys", map[string]any{"deploys": deploys, "totalCount": len(deploys)})
	w.answer("deployment", map[string]any{"id": deployment, "isDagDeployEnabled": true, "imageTag": "deploy-rollback"})
	w.expect(pipeline.ImageOnly, "requirements.txt: image")
}

func TestPlan_aRollbackThatLeadsNowhereIsNotFollowed(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())
	for _, to := range []string{"gone", w.sim.Deploys(deployment)[0].ID} {
		deploys := w.sim.Deploys(deployment)
		deploys[0].RollbackFromID = to
		w.answer("deploys", map[string]any{"deploys": deploys, "totalCount": 1})
		says(t, w.expect(pipeline.ImageAndDag), "it was rolled back to the deploy "+to+", which the history does not have")
		w.sim.ClearFaults()
	}
}

// answer makes the simulator answer something else from now on.
func (w *world) answer(op string, body any) {
	w.Helper()
	text, err := json.Marshal(body)
	require.NoError(w, err)
	w.sim.Fault(astrotest.Fault{Op: op, Status: 200, Body: string(text), Count: -1})
}
