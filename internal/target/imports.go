package target

import (
	"context"
	"io/fs"
	"strings"
	"time"

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
	return validator.Check(ctx, to, tree, report, settings(c.target.Check, rt))
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
