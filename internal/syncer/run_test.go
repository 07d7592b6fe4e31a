package syncer_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/syncer"
)

func TestRun_uploadBecomesLive(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.write("lib/b.py", "b")
		r := w.after(syncer.Deployed)
		w.same("a.py lib/b.py", w.live())
		w.same([]string{"a.py", "lib/b.py"}, r.Added)
		w.same(2, r.Files)
		w.same(r.Digest, w.state().Deployed.Digest)
		w.same(r.Deploy.ID, w.state().Deployed.DeployID)
		assert.Empty(w, w.state().Holder)
		assert.Nil(w, w.state().Intent)
		assert.Regexp(w, `^dagferry \w+ f1 r\S+ sha256:\w{64} 2 files, \+2 ~0 -0$`, w.sim.Deploys(deployment)[0].Description)

		w.write("a.py", "changed")
		w.write("c.py", "c")
		w.remove("lib/b.py")
		r = w.after(syncer.Deployed)
		w.same("a.py c.py", w.live())
		w.same([]string{"c.py"}, r.Added)
		w.same([]string{"a.py"}, r.Changed)
		w.same([]string{"lib/b.py"}, r.Removed)
	})
}

func TestRun_nothingChangedWritesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		before, records := w.state(), len(w.records())
		w.after(syncer.Unchanged)
		w.same(before, w.state())
		w.same(records, len(w.records()))
		w.same(1, w.deploys())
	})
}

func TestRun_sameContentsUploadedAgainAreNotDeployed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		wait(time.Hour)
		w.write("a.py", "a")
		w.after(syncer.Unchanged)
		w.same(1, w.deploys())
		fence := w.state().Fence
		w.after(syncer.Unchanged)
		w.same(fence, w.state().Fence, "the new key was stored: the next event takes no lease")
	})
}

func TestRun_changedConfigurationIsAChange(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.write("a.bak", "a")
		w.after(syncer.Deployed)
		w.target.Ignore = []string{"*.bak"}
		r := w.after(syncer.Deployed)
		w.same("a.py", w.live())
		require.Len(w, r.LeftOut, 1)
		w.same("*.bak", r.LeftOut[0].Rule)
	})
}

func TestRun_brokenDagIsRejectedOnceAndTheLastGoodStaysLive(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		w.write("b.py", "broken")
		r := w.after(syncer.Rejected)
		require.Len(w, r.Findings, 1)
		w.same("b.py:1:1: it is broken", r.Reason)
		w.same("a.py", w.live())
		w.same(w.state().Deployed.DeployID, r.Live.DeployID)

		checks, records := w.checks, len(w.records())
		w.after(syncer.Rejected)
		w.sweep(syncer.Rejected)
		w.same(checks, w.checks, "the same content is not checked again")
		w.same(records, len(w.records()), "nor told again")

		w.write("b.py", "fixed")
		w.after(syncer.Deployed)
		w.same("a.py b.py", w.live())
		assert.Nil(w, w.state().Rejected)
	})
}

func TestRun_rejectionIsForgottenWhenTheBucketGoesBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		w.write("b.py", "broken")
		w.after(syncer.Rejected)
		w.remove("b.py")
		w.after(syncer.Unchanged)
		assert.Nil(w, w.state().Rejected)
		w.same(1, w.deploys())

		w.write("b.py", "broken")
		w.after(syncer.Rejected)
		require.NotNil(w, w.state().Rejected)
	})
}

func TestRun_changedCheckSettingsAskAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("b.py", "broken")
		w.after(syncer.Rejected)
		w.target.Check.Warn = true
		r := w.after(syncer.Deployed)
		assert.Len(w, r.Findings, 1)
	})
}

func TestRun_checkThatFailsIsNotARejection(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		w.target.Check.Do = func(context.Context, syncer.Runtime, fs.FS) (parse.Report, error) {
			return parse.Report{}, fault.As(fault.Transient, errors.New("no worker"))
		}
		w.after(syncer.Failed)
		assert.Nil(w, w.state().Rejected)
		assert.Empty(w, w.state().Holder, "the lease is given back")
		w.same("", w.live())
	})
}

func TestRun_emptyBucketIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.after(syncer.Rejected)
		assert.Contains(w, r.Reason, "guard.minFiles")
		w.write("a.py", "a")
		w.after(syncer.Deployed)
		w.remove("a.py")
		r = w.after(syncer.Rejected)
		assert.Contains(w, r.Reason, "--allow-deletions")
		w.same("a.py", w.live())

		r = w.expect(syncer.Deployed, syncer.Trigger{Kind: syncer.ByCommand, By: "ann", Overrides: syncer.Overrides{AllowDeletions: true, Why: "moving"}})
		w.same("", w.live())
		w.same("moving", r.Trigger.Why)
	})
}

func TestRun_manyDeletionsAreRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, name := range []string{"a", "b", "c", "d"} {
			w.write(name, name)
		}
		w.after(syncer.Deployed)
		w.remove("a")
		w.remove("b")
		w.after(syncer.Deployed) // half of them is not more than half
		w.write("e", "e")
		w.write("f", "f")
		w.after(syncer.Deployed)
		w.remove("c")
		w.remove("d")
		w.remove("e")
		r := w.after(syncer.Rejected)
		assert.Contains(w, r.Reason, "3 of 4 live files are gone")
		w.same("c d e f", w.live())
	})
}

func TestRun_dangerousNameIsRejectedByName(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a\nb.py", "a")
		r := w.after(syncer.Rejected)
		assert.Contains(w, r.Reason, "control character")
		assert.Contains(w, r.Reason, `a\nb.py`)
		require.NotNil(w, w.state().Rejected)
	})
}

func TestRun_markerSaysWhenASourceIsComplete(t *testing.T) {
	inWorld(t, func(w *world) {
		w.target.Marker = "_READY"
		w.write("a.py", "a")
		w.after(syncer.Unchanged)
		w.same("", w.live())
		w.write("_READY", "")
		w.after(syncer.Deployed)
		w.same("a.py", w.live(), "a marker is never bundled")

		wait(time.Minute)
		w.write("b.py", "b")
		w.after(syncer.Unchanged)
		w.same("a.py", w.live(), "half a batch does not go out under the old marker")
		w.write("_READY", "")
		w.after(syncer.Deployed)
		w.same("a.py b.py", w.live())

		wait(time.Minute)
		w.write("_READY", "")
		w.after(syncer.Unchanged)
		wait(time.Minute)
		w.write("c.py", "c")
		w.after(syncer.Unchanged)
		w.same("a.py b.py", w.live(), "a marker without a change is used up too")
	})
}

func TestRun_recordTellsWhatHappened(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("a.py", "a")
		r := w.after(syncer.Deployed)
		entries := w.records()
		require.Len(w, entries, 1)
		b, err := os.ReadFile(filepath.Join(w.st, deployment, "runs", entries[0].Name()))
		require.NoError(w, err)
		for _, says := range []string{`"outcome":"deployed"`, r.Run, r.Deploy.ID, `"added":["a.py"]`, `"kind":"event"`, `"finalize"`, `"create":1`} {
			assert.Contains(w, string(b), says)
		}
	})
}

// Who could not be asked, and what was too slow, may do better the next time.
func TestRun_silentValidatorIsAskedAgain(t *testing.T) {
	for rule, again := range map[string]int{parse.RuleUnavailable: 1, parse.RuleNotFinished: 1, parse.RuleImportError: 0} {
		inWorld(t, func(w *world) {
			w.target.Check.Do = func(context.Context, syncer.Runtime, fs.FS) (parse.Report, error) {
				w.checks++
				return parse.Report{Findings: []parse.Finding{{Path: ".", Rule: rule, Severity: parse.Block, Message: "no answer"}}}, nil
			}
			w.write("a.py", "a")
			w.after(syncer.Rejected)
			checks := w.checks
			w.sweep(syncer.Rejected)
			w.same(checks+again, w.checks, rule)
		})
	}
}
