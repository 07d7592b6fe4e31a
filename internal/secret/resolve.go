package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/fault"
)

// Fetch reads the secret that a reference names behind its scheme.
type Fetch func(ctx context.Context, name string) (string, error)

// Resolver turns references into secrets. Its keys are schemes.
type Resolver map[string]Fetch

// Local resolves what needs no cloud: env://NAME by the given look-up (os.LookupEnv), and file:///path. Adapters of
// clouds add their schemes to it.
func Local(lookup func(string) (string, bool)) Resolver {
	return Resolver{
		"env": func(_ context.Context, name string) (string, error) {
			if v, ok := lookup(name); ok {
				return v, nil
			}
			return "", fmt.Errorf("the environment variable %s is not set", name)
		},
		"file": readFile,
	}
}

// readFile reads a secret of at most 64 KiB, which is what the secret stores take.
func readFile(_ context.Context, path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the configuration names the file
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	const most = 64 << 10
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(b) > most {
		err = errors.New("it is larger than 64 KiB")
	}
	return string(b), err
}

// Resolve reads the secret that a reference such as env://ASTRO_API_TOKEN names, without white space around it. An
// error names the reference, never the secret.
func (r Resolver) Resolve(ctx context.Context, reference string) (Value, error) {
	scheme, name, err := r.split(reference)
	if err != nil {
		return Value{}, fault.As(fault.Denied, err)
	}
	s, err := r[scheme](ctx, name)
	if err != nil && shownName(name) != name {
		// Whatever the cause says may quote it.
		return Value{}, fault.Errorf(fault.Denied, "read the secret %s: there is none of that name", Shown(reference))
	}
	if err != nil {
		return Value{}, classify(fmt.Errorf("read the secret %s: %w", Shown(reference), err))
	}
	if s = strings.TrimSpace(s); s == "" {
		return Value{}, fault.Errorf(fault.Denied, "read the secret %s: it is empty", Shown(reference))
	}
	return NewValue(s), nil
}

// Shown is a reference as it may be told: what looks like a token that was put into it is not repeated.
func Shown(reference string) string {
	scheme, name, ok := strings.Cut(reference, "://")
	if !ok {
		return "…"
	}
	return scheme + "://" + shownName(name)
}

// shownName is a secret's name, unless it is a JWT or too long for a name.
func shownName(name string) string {
	const longest = 200 // an ARN has about 100 characters
	if strings.Contains(name, "eyJ") || len(name) > longest {
		return "[something that looks like the secret itself]"
	}
	return name
}

// Check tells whether a reference could be resolved, without reading anything.
func (r Resolver) Check(reference string) error {
	_, _, err := r.split(reference)
	return err
}

func (r Resolver) split(reference string) (scheme, name string, err error) {
	scheme, name, ok := strings.Cut(reference, "://")
	if !ok || name == "" {
		// What stands here instead of a reference may well be the token itself: it is not repeated.
		return "", "", fmt.Errorf("this is no reference to a secret; write one of %s, and never the secret itself", r.forms())
	}
	if r[scheme] == nil {
		return "", "", fmt.Errorf("secrets of %q are not known here; write one of %s", scheme+"://", r.forms())
	}
	return scheme, name, nil
}

func (r Resolver) forms() string {
	var forms []string
	for scheme := range r {
		forms = append(forms, scheme+"://…")
	}
	slices.Sort(forms)
	return strings.Join(forms, ", ")
}

// classify leaves an adapter's own classification, and takes everything else for something that the operator has to
// set right.
func classify(err error) error {
	if fault.Of(err) == fault.Broken {
		return fault.As(fault.Denied, err)
	}
	return err
}
