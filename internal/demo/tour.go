package demo

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/txtar"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/syncer"
)

//go:embed dags.txtar
var dags []byte

// Options are what a demo is asked for.
type Options struct {
	// Cloud is aws or gcp; aws when empty.
	Cloud string
	// Function is the function's package; empty builds it from the checkout.
	Function string
	// Interpreter finds a Python for a function that is built.
	Interpreter func() (string, error)
	// Out gets the tour as people read it; nil for none.
	Out io.Writer
	// Log gets the function's log; nil for none.
	Log io.Writer
	// Keep, if set, is told at the end where the servers listen; they go on, and Out tells of each run, until the context
	// ends.
	Keep func(Places)
}

// Places is where the servers listen: Store is the object store's.
type Places struct{ Cloud, Store, Astro, Bucket, Prefix, Deployment string }

// Clouds are those that there is a demo for.
func Clouds() []string { return []string{"aws", "gcp"} }

// burst is how many files are uploaded at once.
const burst = 200

// tour is one demo under way.
type tour struct {
	cloud
	*watcher
	stage
	out     io.Writer
	files   map[string][]byte
	mu      sync.Mutex // guards summary.Uploads: uploads of a burst run side by side
	summary Summary
}

// Run shows the main job. The summary's digests are equal, or the error says that they are not.
func Run(ctx context.Context, o Options) (_ Summary, err error) {
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	k, known := kinds()[cmp.Or(o.Cloud, "aws")]
	if !known {
		return Summary{}, fmt.Errorf("there is no demo for the cloud %q: name one of %s", o.Cloud, strings.Join(Clouds(), ", "))
	}
	var ends closers
	defer func() { err = errors.Join(err, ends.close()) }()
	dir, remove, err := temporary()
	if err != nil {
		return Summary{}, err
	}
	ends.add(remove)
	s := stage{log: o.Log, astro: astrotest.New(astrotest.Options{})}
	if s.function, err = k.function.find(ctx, o.Function, dir, o.Interpreter); err != nil {
		return Summary{}, err
	}
	url, stop, err := serve(s.astro)
	if err != nil {
		return Summary{}, fmt.Errorf("start Astro's simulator: %w", err)
	}
	s.astroURL = url
	ends.add(stop)
	c, err := k.start(ctx, s)
	if err != nil {
		return Summary{}, err
	}
	ends.add(c.close)
	t := &tour{cloud: c, stage: s, out: o.Out, files: map[string][]byte{}}
	for _, f := range txtar.Parse(dags).Files {
		t.files[f.Name] = f.Data
	}
	err = t.run(ctx, o.Keep)
	return t.summary, err
}

// kind is one cloud's demo.
type kind struct {
	function function
	start    func(context.Context, stage) (cloud, error)
}

func kinds() map[string]kind {
	return map[string]kind{"aws": {lambdaFunction(), startAmazon}, "gcp": {cloudRunFunction(), startGoogle}}
}

// dags is where the DAGs are.
func (t *tour) dags() string { return t.scheme() + "://" + dagBucket + "/" + prefix }

func (t *tour) run(ctx context.Context, keep func(Places)) (err error) {
	if t.watcher, err = watch(ctx, t.cloud); err != nil {
		return err
	}
	t.say("%s are running on this machine.\n", t.says())
	for _, step := range []func(context.Context) error{t.first, t.manyAtOnce, t.broken, t.fixed, t.removed} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := t.compare(ctx); err != nil {
		return err
	}
	if keep == nil {
		return nil
	}
	keep(Places{t.scheme(), t.store(), t.astroURL, dagBucket, prefix, deployment})
	return t.follow(ctx)
}

// follow tells of runs as they end, until the context does.
func (t *tour) follow(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pollEach):
		}
		records, err := t.news(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for _, r := range records {
			t.tell(r)
		}
	}
}

func (t *tour) say(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

func (t *tour) first(ctx context.Context) error {
	t.say("1. Somebody uploads three files to %s", t.dags())
	for _, name := range []string{"etl.py", "common/dates.py", "sql/daily.sql"} {
		if err := t.put(ctx, name, t.files[name]); err != nil {
			return err
		}
	}
	return t.await(ctx, syncer.Deployed)
}

func (t *tour) manyAtOnce(ctx context.Context) error {
	t.say("2. A pipeline uploads %d files at once: %d events", burst, burst)
	before := t.deploys()
	var group errgroup.Group
	group.SetLimit(16)
	for i := range burst {
		group.Go(func() error {
			body := strings.ReplaceAll(string(t.files["generated.py"]), "NUMBER", fmt.Sprintf("%03d", i))
			return t.put(ctx, fmt.Sprintf("team/report_%03d.py", i), []byte(body))
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := t.await(ctx, syncer.Deployed); err != nil {
		return err
	}
	t.summary.BurstDeploys = t.deploys() - before
	t.say("   %d events, %s.", burst, plural(t.summary.BurstDeploys, "deploy"))
	return nil
}

func (t *tour) broken(ctx context.Context) error {
	t.say("3. Somebody uploads etl.py with a mistake")
	if err := t.put(ctx, "etl.py", t.files["broken.py"]); err != nil {
		return err
	}
	if err := t.await(ctx, syncer.Rejected); err != nil {
		return err
	}
	t.say("   What was live stays live.")
	return nil
}

func (t *tour) fixed(ctx context.Context) error {
	t.say("4. They fix it")
	if err := t.put(ctx, "etl.py", t.files["fixed.py"]); err != nil {
		return err
	}
	return t.await(ctx, syncer.Deployed)
}

func (t *tour) removed(ctx context.Context) error {
	t.say("5. Somebody removes sql/daily.sql from the bucket")
	if err := t.remove(ctx, prefix+"sql/daily.sql"); err != nil {
		return fmt.Errorf("remove sql/daily.sql: %w", err)
	}
	return t.await(ctx, syncer.Deployed)
}

func (t *tour) put(ctx context.Context, name string, body []byte) error {
	if err := t.upload(ctx, prefix+name, body); err != nil {
		return fmt.Errorf("upload %s: %w", name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.summary.Uploads++
	return nil
}

// await waits until the function is at rest, tells what its runs did, and fails unless one of them ended as expected
// and the last one did.
func (t *tour) await(ctx context.Context, want syncer.Outcome) error {
	began := time.Now()
	records, err := t.quiet(ctx, t.cloud)
	if err != nil {
		return err
	}
	found := false
	for _, r := range records {
		found = found || r.Outcome == want
		switch r.Outcome {
		case syncer.Rejected:
			t.summary.Rejected++
		case syncer.Unchanged, syncer.Busy:
			continue
		case syncer.Deployed, syncer.Held, syncer.Denied, syncer.Failed:
		}
		t.tell(r)
	}
	if !found {
		return fmt.Errorf("no run was %s within %s", want, time.Since(began).Round(time.Second))
	}
	return nil
}

// tell says what a run did, from its record.
func (t *tour) tell(r syncer.Record) {
	if r.Outcome != syncer.Deployed {
		t.say("   %s after %.1f s:", r.Outcome, r.Seconds)
		for _, f := range r.Findings {
			t.say("     %s", strings.ReplaceAll(f.String(), "\n", "\n     "))
		}
		if len(r.Findings) == 0 {
			t.say("     %s", r.Reason)
		}
		return
	}
	t.say("   deployed after %.1f s: %s live (%d added, %d changed, %d removed), deploy %s",
		r.Seconds, plural(r.Files, "file"), len(r.Added), len(r.Changed), len(r.Removed), r.Deploy.ID)
}

// deploys is how many deploys became live at Astro.
func (t *tour) deploys() int {
	n := 0
	for _, d := range t.astro.Deploys(deployment) {
		if d.Status == astro.StatusDeployed {
			n++
		}
	}
	return n
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
