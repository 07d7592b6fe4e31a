package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/deployment"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
)

// Deployer carries plans out.
type Deployer struct {
	// Target is the plan's, opened; its sources do not matter.
	Target syncer.Target
	Syncer syncer.Syncer
	// Trigger tells who asks, and what a person allows.
	Trigger syncer.Trigger
	// Words are for people, in the deploy's description.
	Words string
	// AllowOlder undoes what a build of a newer commit deployed meanwhile.
	AllowOlder bool

	// Images is how an image is built, and ImageName one that is built already, "" for none.
	Images    image.Options
	ImageName string
	// Token is the API token, which is the registry's password too.
	Token secret.Value

	// Secrets follows the references in the file that configures the Deployment; AllowRemovals lets variables, queues, addresses and
	// schedules go that it does not have.
	Secrets       secret.Resolver
	AllowRemovals bool

	// Tests runs the project's tests, in the image if one was built, and tells what it did; what it did not do, it tells by Skip. nil runs none.
	Tests func(context.Context, *image.Image) (string, error)

	// Wait is how long a deploy may take to arrive; 0 does not wait.
	Wait time.Duration
	// Progress is told what goes on.
	Progress func(doing string)
}

// Step is what was done, or not.
type Step struct {
	// Name is check, image, tests, configuration, upload, deploy or arrival.
	Name string `json:"name"`
	// Outcome is done, skipped or failed.
	Outcome string `json:"outcome"`
	// What was done, or why not.
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
}

// The outcomes of steps.
const (
	Done    = "done"
	Skipped = "skipped"
	Broke   = "failed"
)

// Result is what became of a plan.
type Result struct {
	Plan Plan
	// Outcome is the run's, or Configured.
	Outcome syncer.Outcome
	// Reason is why nothing was deployed, or not all.
	Reason string
	Steps  []Step
	// Run is the record of what was checked and deployed.
	Run syncer.Record
	// Configuration is what was changed of the Deployment's.
	Configuration []deployment.Change
	// LeftOut are files in dags/ that git ignores.
	LeftOut []string
	// Arrived reports whether the Deployment was seen to run what was deployed.
	Arrived bool
	Seconds float64
}

// Configured is the outcome of a plan that is nothing but configuration.
const Configured syncer.Outcome = "configured"

// skip is why a step was not made.
type skip struct{ why string }

func (s skip) Error() string { return s.why }

// Skip ends a step that is not made, with the reason that people are told.
func Skip(format string, args ...any) error { return skip{fmt.Sprintf(format, args...)} }

// work is a plan that is carried out.
type work struct {
	Deployer
	Result
	began    time.Time
	checkout *checkout
	image    *image.Image
}

// Deploy carries a plan out: nothing is sent before everything is checked and built, configuration goes before code, and what fails leaves
// what is live. The errors are classified, and the result is complete in any case. A target that is held is no error: the outcome says it.
func (d Deployer) Deploy(ctx context.Context, p Plan) (Result, error) {
	w := &work{Deployer: d, Result: Result{Plan: p}, began: time.Now()}
	if w.Progress == nil {
		w.Progress = func(string) {}
	}
	if w.Syncer.Budgets == (syncer.Budgets{}) {
		w.Syncer.Budgets = syncer.LambdaBudgets()
	}
	err := w.do(ctx)
	if w.image != nil {
		if left := w.image.Close(); left != nil { // it says nothing of the deploy
			w.Plan.Notes = append(w.Plan.Notes, left.Error())
		}
	}
	w.conclude(err)
	return w.Result, err
}

func (w *work) do(ctx context.Context) error {
	if w.Plan.Decision == Nothing {
		return w.Plan.Refusal(RuleDirty) // somebody may think that it goes along
	}
	if err := w.Plan.Refusal(); err != nil {
		return err
	}
	if err := w.prepare(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		not  func() string // why it is not made, or ""
		do   func(context.Context) (string, error)
	}{
		{"check", func() string { return "" }, w.check},
		{"image", w.noImage, w.build},
		{"tests", w.noTests, w.test},
		{"upload", w.noImage, w.upload},
		{"configuration", w.noConfiguration, w.configure},
		{"deploy", w.noCode, w.deploy},
		{"arrival", w.noWait, w.arrive},
	} {
		if why := step.not(); why != "" {
			w.Steps = append(w.Steps, Step{Name: step.name, Outcome: Skipped, What: why})
		} else if err := w.step(ctx, step.name, step.do); err != nil || w.Run.Outcome == syncer.Held {
			return err
		}
	}
	return nil
}

// step makes one step, and notes what became of it.
func (w *work) step(ctx context.Context, name string, do func(context.Context) (string, error)) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w.Progress(name)
	began := time.Now()
	what, err := do(ctx)
	s := Step{Name: name, Outcome: Done, What: what}
	skipped := skip{}
	switch {
	case errors.As(err, &skipped):
		s.Outcome, s.What, err = Skipped, skipped.why, nil
	case err != nil:
		s.Outcome, s.What = Broke, err.Error()
	}
	s.Seconds = time.Since(began).Seconds()
	w.Steps = append(w.Steps, s)
	return err
}

// prepare opens what is deployed.
func (w *work) prepare(ctx context.Context) error {
	w.Target.Sources, w.Target.Build = nil, &syncer.Build{Words: w.Words, Still: w.still}
	w.Target.Settle = 0 // a checkout is whole, and nobody writes to it
	var err error
	if w.Target.Build.Git, err = w.Plan.metadata(ctx); err != nil || !w.withDags() {
		return err
	}
	w.checkout, err = openCheckout(ctx, w.Plan)
	w.Target.Sources = []syncer.Source{{Bucket: w.checkout}}
	return err
}

// withDags reports whether the deploy uploads DAGs, withImage whether it brings an image.
func (w *work) withDags() bool {
	return slices.Contains([]Decision{DagOnly, ImageAndDag}, w.Plan.Decision) && !w.Plan.DagsInImage
}

func (w *work) withImage() bool {
	return slices.Contains([]Decision{ImageOnly, ImageAndDag}, w.Plan.Decision)
}

func (w *work) noImage() string {
	if w.withImage() {
		return ""
	}
	return "no image is deployed"
}

func (w *work) noCode() string {
	if w.withDags() || w.withImage() {
		return ""
	}
	return "no code is deployed"
}

func (w *work) noTests() string {
	if why := w.noCode(); why != "" || w.Tests != nil {
		return why
	}
	return "not run, as asked"
}

// check fails before an image is built; what is deployed is checked again.
func (w *work) check(ctx context.Context) (string, error) {
	var found []string
	if w.withDags() || w.withImage() {
		said, err := w.preview(ctx)
		if err != nil {
			return "", err
		}
		found = append(found, said)
	}
	if w.Plan.ConfigurationFile != "" {
		if _, err := w.compare(ctx); err != nil {
			return "", err
		}
		found = append(found, Quoted(w.Plan.ConfigurationFile)+" can be applied")
	}
	return strings.Join(found, "; "), nil
}

// preview finds what would end the run.
func (w *work) preview(ctx context.Context) (string, error) {
	var err error
	w.Run, err = w.Syncer.Preview(ctx, w.Target, w.Trigger)
	if w.checkout != nil {
		w.LeftOut = w.checkout.leftOut
	}
	switch {
	case err != nil:
		return "", err
	case w.Run.Outcome == syncer.Held:
		return "", Skip("the target is held")
	case !w.withDags():
		return "no DAGs are uploaded, and nothing holds the target", nil
	default:
		return fmt.Sprintf("%s, %s, none blocks", count(w.Run.Files, "file"), count(len(w.Run.Findings), "finding")), nil
	}
}

func (w *work) test(ctx context.Context) (string, error) {
	return w.Tests(ctx, w.image)
}

// deploy makes the run. Another one that is at work is waited for: nobody gives a build back.
func (w *work) deploy(ctx context.Context) (string, error) {
	for end := time.Now().Add(w.Syncer.Budgets.Run()); ; { // the longest that another run may take
		err := w.run(ctx)
		if fault.Of(err) != fault.Busy || err == nil || time.Now().After(end) {
			return w.deployed(), err
		}
		w.Progress("waiting: " + err.Error())
		if err := syncer.Sleep(ctx, busyEvery); err != nil {
			return "", err
		}
	}
}

// busyEvery is far below Astro's and any store's limit of requests.
const busyEvery = 5 * time.Second

func (w *work) run(ctx context.Context) (err error) {
	if w.withDags() {
		w.Run, err = w.Syncer.Run(ctx, w.Target, w.Trigger)
		return err
	}
	w.Run, err = w.Syncer.Image(ctx, w.Target, string(w.Plan.Decision), w.Trigger)
	return err
}

// deployed says what the run did.
func (w *work) deployed() string {
	d := w.Run.Deploy
	switch {
	case d == nil:
		return w.Run.Reason
	case d.Type == astro.TypeImageOnly || w.Plan.DagsInImage:
		return d.Type + " as " + d.ID
	}
	return fmt.Sprintf("%s as %s: %s (+%d ~%d -%d)", d.Type, d.ID, count(w.Run.Files, "file"), len(w.Run.Added), len(w.Run.Changed), len(w.Run.Removed))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (w *work) conclude(err error) {
	w.Seconds = time.Since(w.began).Seconds()
	w.Outcome = syncer.OutcomeOf(err)
	switch {
	case err != nil:
		w.Reason = err.Error()
	case w.Run.Deploy != nil:
		w.Outcome = syncer.Deployed
	case w.Run.Outcome == syncer.Held:
		w.Outcome, w.Reason = syncer.Held, w.Run.Reason
	case w.Plan.Decision == Configuration:
		w.Outcome = Configured
	default:
		w.Reason = w.Run.Reason
	}
}
