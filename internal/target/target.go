// Package target opens what a configuration names: buckets, secrets, Astro and the checks, so that every host makes
// the same run of the same dagferry.yaml. Which clouds there are, a host decides by the adapters that it brings.
package target

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
)

// Open opens the prefix that a source's URL names, in the way that its other keys say. State is a source without any.
type Open func(ctx context.Context, at config.Source) (bucket.Bucket, error)

// Opener opens targets. Its clients are made anew for every run, so that requests are counted by run; connections
// and check workers are kept.
type Opener struct {
	// Buckets opens addresses, by scheme.
	Buckets map[string]Open
	Secrets secret.Resolver
	// AstroURL overrides Astro's address, if not empty.
	AstroURL string
	// Version is this program's.
	Version string
	Checks  *Checks
	// Transport is for Astro; nil is the default one.
	Transport http.RoundTripper
}

// Target opens one target of a configuration.
func (o Opener) Target(ctx context.Context, t config.Target) (syncer.Target, error) {
	opened, err := o.target(ctx, t)
	if err != nil {
		return opened, fmt.Errorf("open the target %s: %w", t.Name, err)
	}
	return opened, nil
}

func (o Opener) target(ctx context.Context, t config.Target) (syncer.Target, error) {
	state, err := o.bucket(ctx, config.Source{URL: t.State})
	if err != nil {
		return syncer.Target{}, err
	}
	checks := o.Checks.forTarget(t, depot(t, func(context.Context) (bucket.Bucket, error) { return state, nil }))
	opened := syncer.Target{
		Name: t.Name, Deployment: t.Deployment, State: state,
		Layout: t.Layout, Single: t.Archive == "single", Ignore: t.Ignore, Limits: t.Limits, Settle: *t.Settle, MaxWait: *t.MaxWait, Marker: t.Marker,
		MinFiles: *t.Guard.MinFiles, MaxDeleted: int(*t.Guard.MaxDeleted), Adopt: t.Adopt, AllowHybrid: t.AllowHybrid,
		Runtime: syncer.Runtime{Airflow: t.Runtime.Airflow, Python: t.Runtime.Python},
		Check: syncer.Check{
			Do: checks.do, Verdicts: checks, Warn: t.Check.OnFailure == "warn",
			Settings: []string{fmt.Sprintf("%+v", t.Check)},
		},
	}
	for _, s := range t.Sources {
		b, err := o.bucket(ctx, s)
		if err != nil {
			return opened, err
		}
		opened.Sources = append(opened.Sources, syncer.Source{Bucket: b, Mount: s.Mount})
	}
	opened.Astro, err = o.Astro(ctx, t)
	return opened, err
}

func (o Opener) bucket(ctx context.Context, at config.Source) (bucket.Bucket, error) {
	scheme, _, _ := strings.Cut(at.URL, "://")
	open := o.Buckets[scheme]
	if open == nil {
		return nil, fault.Errorf(fault.Denied, "open %s: this program does not know %q addresses", at.URL, scheme+"://")
	}
	return open(ctx, at)
}

// Astro opens a target's client by itself, for what reads no bucket and no state.
func (o Opener) Astro(ctx context.Context, t config.Target) (*astro.Client, error) {
	token, err := o.Secrets.Resolve(ctx, t.Token)
	if err != nil {
		return nil, err
	}
	client, err := astro.New(astro.Options{
		URL: o.AstroURL, Organization: t.Organization, Token: token, Transport: o.Transport, Version: o.Version,
	})
	if err != nil {
		return nil, fmt.Errorf("%w (the token is %s)", err, secret.Shown(t.Token))
	}
	return client, nil
}
