package target

import (
	"context"
	"io/fs"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/syncer"
)

// afterImport is what a validator leaves of the time that a run has up to its intent: the upload takes seconds.
const afterImport = 30 * time.Second

// imported adds to the static report what a real import finds.
func (c check) imported(ctx context.Context, rt syncer.Runtime, tree fs.FS, report parse.Report) (parse.Report, error) {
	to, err := c.checks.reach(ctx, c.target.Check.Validator)
	if err != nil {
		return report, err
	}
	if end, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-afterImport))
		defer cancel()
	}
	s := settings(c.target.Check, rt)
	s.Depot = c.state
	return validator.Check(ctx, to, tree, report, s)
}

// Depot is the part of a target's state where a bundle waits for a validator. The state is opened when it is needed.
func (o Opener) Depot(t config.Target) validator.Depot {
	return depot(t, func(ctx context.Context) (bucket.Bucket, error) { return o.bucket(ctx, config.Source{URL: t.State}) })
}

func depot(t config.Target, state func(context.Context) (bucket.Bucket, error)) validator.Depot {
	open := func(ctx context.Context) (validator.Store, error) {
		b, err := state(ctx)
		if err != nil {
			return nil, err
		}
		if store, lends := b.(validator.Store); lends {
			return store, nil
		}
		return nil, fault.Errorf(fault.Denied, "the state %s is in none", b.URL(""))
	}
	return validator.Depot{Open: open, Prefix: t.Deployment + "/validator/"}
}

func settings(c config.Check, rt syncer.Runtime) validator.Settings {
	return validator.Settings{
		Options:     validator.Options{Strict: c.Strict, Environment: c.Variables()},
		Unavailable: validator.Policy(c.OnUnavailable), Airflow: rt.Airflow,
	}
}

func (c *Checks) reach(ctx context.Context, address string) (validator.Transport, error) {
	scheme, _, _ := strings.Cut(address, ":")
	reach := c.Validators[scheme]
	if reach == nil {
		return nil, fault.Errorf(fault.Denied, "reach the validator %s: this program calls none at addresses that begin with %s:", address, scheme)
	}
	return reach(ctx, address)
}
