package deployment

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// Options are how a Diff is applied.
type Options struct {
	// Secrets follows the references of secret variables.
	Secrets secret.Resolver
	// AllowRemovals lets variables, queues, addresses and schedules go.
	AllowRemovals bool
}

// ToDo reports whether Apply would send anything: changes, or secrets that cannot be compared.
func (d Diff) ToDo() bool { return len(d.Changes)+len(d.Secrets) > 0 }

// Apply makes the Deployment what the file says, all at once or not at all, and returns what still differs afterwards by Astro's answer:
// mostly nothing. Without anything to do it sends nothing.
//
// Errors: fault.Rejected for removals that are not allowed, which it lists, and for what Astro refuses; fault.Busy if somebody changed the
// Deployment since it was compared. Astro's update has no condition, so that a change within the last moment, between that look and the
// update, is undone unnoticed.
func (d Diff) Apply(ctx context.Context, o Options) (Diff, error) {
	if !d.ToDo() {
		return d, nil
	}
	if err := d.MayRemove(o.AllowRemovals); err != nil {
		return Diff{}, err
	}
	update, err := d.reveal(ctx, o.Secrets)
	if err != nil {
		return Diff{}, err
	}
	now, err := read(ctx, d.client, d.Deployment)
	if err != nil {
		return Diff{}, err
	}
	if !same(d.live, now) {
		return Diff{}, fault.Errorf(fault.Busy, "somebody changed the configuration of the Deployment %s meanwhile (%s UTC); nothing was applied: look again with dagferry config diff",
			d.Deployment, now.UpdatedAt.UTC().Format("2006-01-02 15:04:05"))
	}
	answer, err := d.client.UpdateDeployment(ctx, d.Deployment, update)
	if err != nil {
		return Diff{}, unknown(err)
	}
	left, err := compare(d.file, answer)
	left.client = d.client
	return left, err
}

// MayRemove is an error that lists the removals, unless they are allowed.
func (d Diff) MayRemove(allowed bool) error {
	removals := d.Removals()
	if allowed || len(removals) == 0 {
		return nil
	}
	var gone []string
	for _, c := range removals {
		gone = append(gone, c.Section+" "+c.Name)
	}
	return fault.Errorf(fault.Rejected, "%s does not have what the Deployment %s has: %s. Nothing was applied. Add them to the file, or allow it with --allow-removals",
		d.File, d.Deployment, strings.Join(gone, "; "))
}

// reveal is the update with its secrets.
func (d Diff) reveal(ctx context.Context, from secret.Resolver) (astro.Update, error) {
	u := d.update
	u.EnvironmentVariables = slices.Clone(u.EnvironmentVariables)
	for _, v := range d.file.EnvironmentVariables {
		if v.Reference() == "" {
			continue
		}
		value, err := from.Resolve(ctx, v.Reference())
		if err != nil {
			return astro.Update{}, fmt.Errorf("environment_variables: %s: %w", v.Key, err)
		}
		at := slices.IndexFunc(u.EnvironmentVariables, func(u astro.VariableUpdate) bool { return u.Key == v.Key })
		u.EnvironmentVariables[at].Secret = value
	}
	return u, nil
}

// same reports whether two looks at a Deployment saw the same configuration. The Deployment's own updatedAt is no measure of that: deploys
// of DAGs change it, too [inferred]. Those of variables are part of it, and tell of a secret that was changed.
func same(a, b astro.Settings) bool {
	return reflect.DeepEqual(a.Update(), b.Update()) && reflect.DeepEqual(a.EnvironmentVariables, b.EnvironmentVariables) &&
		a.EffectiveWorkloadIdentity == b.EffectiveWorkloadIdentity
}

// unknown adds to an error of an update what is known of its outcome.
func unknown(err error) error {
	if astro.NotApplied(err) {
		return err
	}
	return fmt.Errorf("%w. Whether the update was applied is not known: look with dagferry config diff", err)
}
