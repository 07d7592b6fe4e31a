package syncer_test

import (
	"context"
	"io/fs"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/syncer"
)

func TestDeploy_lostAnswerToCreateLeavesNoOrphan(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.sim.Fault(astrotest.Fault{Op: "create", When: "after", Drop: true})
		w.after(syncer.Deployed)
		w.same(0, w.deploysIn(astro.StatusInitialized))
		w.same(1, w.deploys())
	})
}

func TestDeploy_lostAnswerToFinalizeIsFoundOut(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.sim.Fault(astrotest.Fault{Op: "finalize", When: "after", Status: http.StatusServiceUnavailable})
		w.after(syncer.Deployed)
		w.same(1, w.deploys())
		w.same("a.py", w.live())
	})
}

func TestDeploy_unknownOutcomeKeepsLeaseAndIntent(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.sim.Fault(astrotest.Fault{Op: "finalize", When: "before", Drop: true})
		r := w.after(syncer.Busy)
		w.same(w.lastDeploy().ID, r.Sent)
		s := w.state()
		require.NotNil(w, s.Intent)
		assert.NotEmpty(w, s.Holder)
		assert.True(w, s.LeaseUntil.After(time.Now().Add(8*time.Minute)), "nobody finalizes while the first one may still land")
		w.after(syncer.Busy)

		wait(11 * time.Minute)
		w.after(syncer.Deployed)
		w.same("a.py", w.live())
		assert.Nil(w, w.state().Intent)
	})
}

func TestDeploy_failedDeployIsTriedAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		w.write("a.py", "new")
		w.sim.Fault(astrotest.Fault{Op: "finalize", Failed: true})
		r := w.after(syncer.Failed)
		assert.Contains(w, r.Reason, "FAILED")
		assert.Empty(w, r.Sent, "it will not become live")
		assert.Empty(w, w.state().Holder)
		require.NotNil(w, w.state().Intent)

		w.write("a.py", "a") // what is live already: the open intent forbids to conclude that
		w.after(syncer.Deployed)
		assert.Nil(w, w.state().Intent)
	})
}

func TestDeploy_refusalsAreTheOperatorsAndNothingChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		arrange func(w *world)
		says    string
	}{
		"token refused":     {func(w *world) { w.sim.Fault(astrotest.Fault{Op: "deployment", Status: 401}) }, "token"},
		"finalize refused":  {func(w *world) { w.sim.Fault(astrotest.Fault{Op: "finalize", Status: 403}) }, "403"},
		"DAG deploys off":   {func(w *world) { off := false; w.sim.Update(deployment, astrotest.Settings{IsDagDeployEnabled: &off}) }, "DAG-only deploys"},
		"Hybrid":            {func(w *world) { h := "HYBRID"; w.sim.Update(deployment, astrotest.Settings{Type: &h}) }, "allowHybrid"},
		"no such":           {func(w *world) { no := false; w.sim.Update(deployment, astrotest.Settings{Exists: &no}) }, deployment},
		"no room to upload": {func(w *world) { w.sim.Fault(astrotest.Fault{Op: "create", Status: 403}) }, "403"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("a.py", "a")
				tc.arrange(w)
				r := w.after(syncer.Denied)
				assert.Contains(w, r.Reason, tc.says)
				assert.Empty(w, w.state().Holder)
				assert.Nil(w, w.state().Deployed)
			})
		})
	}
}

func TestDeploy_uploadThatFailsIsNeverFinalized(t *testing.T) {
	for name, f := range map[string]astrotest.Fault{
		"201 without a version": {Op: "upload", OmitVersion: true, Count: -1},
		"URL expired":           {Op: "create", ExpireUpload: true, Count: -1},
		"connection cut":        {Op: "upload", Drop: true, Count: -1},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("a.py", "a")
				w.sim.Fault(f)
				r, err := w.run(syncer.Trigger{Kind: syncer.ByEvent})
				require.Error(w, err)
				assert.NotContains(w, r.Reason, "sig=", "the upload's URL is a secret")
				w.same(0, w.deploys())
				assert.Nil(w, w.state().Intent)
				assert.Empty(w, w.state().Holder)

				w.sim.ClearFaults()
				w.after(syncer.Deployed)
			})
		})
	}
}

func TestDeploy_askedRuntimeDecidesTheChecks(t *testing.T) {
	inWorld(t, func(w *world) {
		w.target.Runtime = syncer.Runtime{}
		version := "3.1-12"
		w.sim.Update(deployment, astrotest.Settings{RuntimeVersion: &version})
		w.write("a.py", "broken")
		w.after(syncer.Rejected)
		w.same("3.1/3.12", w.state().Rejected.Runtime)
		checks := w.checks
		w.after(syncer.Rejected)
		w.same(checks, w.checks)

		version = "3.3-8"
		w.sim.Update(deployment, astrotest.Settings{RuntimeVersion: &version})
		w.sweep(syncer.Rejected)
		w.same(checks+1, w.checks, "another Runtime is worth another look")
	})
}

// TestDeploy_unknownVersionsOnlyWarn where a finding is about no more than the version.
func TestDeploy_unknownVersionsOnlyWarn(t *testing.T) {
	for _, tc := range []struct {
		rule, runtime string
		want          syncer.Outcome
	}{
		{parse.RuleNewer, "3.1-12", syncer.Deployed}, {parse.RuleAirflowImport, "3.1-12", syncer.Rejected}, {parse.RuleArgument, "3.1-12", syncer.Rejected},
		{parse.RuleAirflowImport, "99.1-1", syncer.Deployed}, {parse.RuleArgument, "99.1-1", syncer.Deployed}, {parse.RuleSyntax, "99.1-1", syncer.Rejected},
	} {
		t.Run(tc.rule+" on "+tc.runtime, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.target.Runtime = syncer.Runtime{}
				w.target.Check.Do = func(context.Context, syncer.Runtime, fs.FS) (parse.Report, error) {
					return parse.Report{Files: 1, Findings: []parse.Finding{{Path: "a.py", Rule: tc.rule, Severity: parse.Block, Message: "no"}}}, nil
				}
				w.sim.Update(deployment, astrotest.Settings{RuntimeVersion: &tc.runtime})
				w.write("a.py", "a")
				r := w.after(tc.want)
				require.Len(w, r.Findings, 1)
				w.same(tc.want == syncer.Deployed, r.Findings[0].Severity == parse.Warn)
			})
		})
	}
}
