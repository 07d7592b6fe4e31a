package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/state"
)

// check is the end of step 7: guards, then checks. What they reject is remembered.
func (r *run) check(ctx context.Context) error {
	if err := r.sameWay(); err != nil {
		return err
	}
	if err := r.compare(ctx); err != nil {
		return err
	}
	if err := r.guard(); err != nil {
		return r.reject(err)
	}
	return r.parse(ctx)
}

// reject makes the release remember a rejection that the content and the settings decide. (Others, such as an object
// in an archive tier, pass without a new upload: they are told, but not remembered.) reject(nil) is nil.
func (r *run) reject(cause error) error {
	if cause == nil || fault.Of(cause) != fault.Rejected {
		return cause
	}
	runtime := r.runtime().key()
	rejected := state.Rejection{
		Key: r.rejectedKey(r.listed, runtime), Listing: r.listed.contents, Reason: cause.Error(), Markers: r.listed.markers, Runtime: runtime, Run: r.id,
	}
	r.finish = func(s *state.State) { s.Rejected = &rejected }
	return cause
}

// compare is what changed since the last deploy.
func (r *run) compare(ctx context.Context) error {
	var old bundle.Manifest
	if d := r.state().Deployed; d != nil && r.cache != nil && r.cache.Digest() == d.Digest {
		old = r.cache.Manifest()
	} else if d != nil {
		var err error
		old, err = r.store.Manifest(ctx, d.Digest)
		if errors.Is(err, bucket.ErrNotExist) {
			r.record.unknown = true
		} else if err != nil {
			return err
		}
	}
	r.record.before = len(old.Files)
	r.record.Diff = r.bundled.manifest.Since(old)
	return nil
}

// guard refuses what looks like an accident.
func (r *run) guard() error {
	if r.why.AllowDeletions {
		return nil
	}
	remedy := ". If that is meant, run " + r.command() + " --allow-deletions"
	if n := len(r.bundled.manifest.Files); n < r.MinFiles {
		return fault.Errorf(fault.Rejected, "%s would leave %d DAG files, and guard.minFiles is %d%s", r.sources(), n, r.MinFiles, remedy)
	}
	if r.record.unknown {
		return fault.Errorf(fault.Rejected, "the manifest of the live bundle is gone from the state, so nobody can tell how many files are%s", remedy)
	}
	if gone, before := len(r.record.Removed), r.record.before; gone*100 > before*r.MaxDeleted {
		return fault.Errorf(fault.Rejected, "%d of %d live files are gone from %s, and guard.maxDeleted is %d%%%s",
			gone, before, r.sources(), r.MaxDeleted, remedy)
	}
	return nil
}

// sources names the sources for people.
func (r *run) sources() string {
	var urls []string
	for _, s := range r.Sources {
		urls = append(urls, s.Bucket.URL(""))
	}
	return strings.Join(urls, ", ")
}

// prepareCheck has the checks get ready while the store is waited for, if the Runtime is known.
func (r *run) prepareCheck() error {
	rt := r.runtime()
	if r.Check.Verdicts == nil || rt.Airflow == "" || rt.Python == "" {
		return nil
	}
	if err := r.Check.Verdicts.Prepare(rt); err != nil {
		return fmt.Errorf("check the DAGs: %w", err)
	}
	return nil
}

// parse checks the DAGs.
func (r *run) parse(ctx context.Context) error {
	if err := r.askRuntime(ctx); err != nil {
		return err
	}
	defer r.step("check")()
	if r.Check.Verdicts != nil && r.cache != nil {
		if err := r.Check.Verdicts.Learn(ctx, r.runtime(), r.cache.Verdicts()); err != nil {
			return fmt.Errorf("check the DAGs: %w", err)
		}
	}
	report, err := r.Check.Do(ctx, r.runtime(), r.bundled.spool.Tree())
	if err != nil {
		return fmt.Errorf("check the DAGs: %w", err)
	}
	if r.Runtime.Python == "" {
		soften(report.Findings, parse.RuleNewer)
	}
	if r.runtime().Airflow == "" {
		soften(report.Findings, parse.RuleAirflowImport, parse.RuleArgument)
	}
	r.record.Findings = report.Findings
	if !report.Blocked() || r.Check.Warn {
		return nil
	}
	if dependsOnLoad(report.Findings) {
		return rejectedFor(report.Findings) // the next run may find otherwise: not remembered
	}
	return r.reject(rejectedFor(report.Findings))
}

// dependsOnLoad reports whether nothing blocks but files that the parser or the validator was too slow for or died of, or a
// validator that did not answer.
func dependsOnLoad(findings []parse.Finding) bool {
	passing := []string{parse.RuleStall, parse.RuleCrash, parse.RuleNotFinished, parse.RuleUnavailable}
	return !slices.ContainsFunc(findings, func(f parse.Finding) bool {
		return f.Severity == parse.Block && !slices.Contains(passing, f.Rule)
	})
}

// soften lets what only some versions refuse pass where the target's is not known for sure: a DAG that works must not be
// refused. Its Python is only concluded from its Runtime, and an image may well have another one.
func soften(findings []parse.Finding, rules ...string) {
	for i := range findings {
		if findings[i].Severity == parse.Block && slices.Contains(rules, findings[i].Rule) {
			findings[i].Severity = parse.Warn
		}
	}
}

// rejectedFor names the first finding that blocks.
func rejectedFor(findings []parse.Finding) error {
	var first *parse.Finding
	blocking := 0
	for i := range findings {
		if findings[i].Severity != parse.Block {
			continue
		}
		if blocking++; first == nil {
			first = &findings[i]
		}
	}
	more := ""
	if blocking > 1 {
		more = fmt.Sprintf(" (and %d more)", blocking-1)
	}
	return fault.Errorf(fault.Rejected, "%s:%d:%d: %s%s", first.Path, first.Line, first.Column, first.Message, more)
}

// askRuntime asks Astro what the configuration leaves open.
func (r *run) askRuntime(ctx context.Context) error {
	if r.Runtime.Airflow != "" && r.Runtime.Python != "" || r.asked != nil {
		return nil
	}
	return r.ask(ctx)
}

// runtime is the configured Runtime, completed by what Astro said.
func (r *run) runtime() Runtime {
	rt := r.Runtime
	if r.asked == nil {
		return rt
	}
	if rt.Airflow == "" {
		rt.Airflow = minorOf(r.asked.deployment.AirflowVersion)
	}
	if rt.Python == "" {
		rt.Python = pythonOf(r.asked.deployment)
	}
	return rt
}

func (rt Runtime) key() string { return rt.Airflow + "/" + rt.Python }

// minorOf is 3.1 of 3.1.8.
func minorOf(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(len(parts), 2)], ".")
}

// pythonOf is the Python of a Runtime's default image, by the Runtime catalogue; empty, which means the newest
// grammar, for one that is not known.
func pythonOf(d astro.Deployment) string {
	for _, known := range []struct{ airflow, python string }{
		{"2.9", "3.11"}, {"2.10", "3.12"}, {"2.11", "3.12"}, {"3.0", "3.12"}, {"3.1", "3.12"}, {"3.2", "3.13"}, {"3.3", "3.14"},
	} {
		if minorOf(d.AirflowVersion) == known.airflow {
			return known.python
		}
	}
	return ""
}
