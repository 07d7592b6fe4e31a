package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/deployment"
)

func (w *work) noConfiguration() string {
	if w.Plan.ConfigurationFile != "" {
		return ""
	}
	return "no change of it"
}

// compare says how the Deployment differs from its file, and fails if it may not be made so.
func (w *work) compare(ctx context.Context) (deployment.Diff, error) {
	file, err := readDeployment(w.Plan.Root, w.Plan.ConfigurationFile)
	if err != nil {
		return deployment.Diff{}, err
	}
	id, err := deployment.ID(file, w.Target.Deployment, "")
	if err != nil {
		return deployment.Diff{}, err
	}
	d, err := deployment.Compare(ctx, w.Target.Astro, id, file)
	if err != nil {
		return d, err
	}
	return d, d.MayRemove(w.AllowRemovals)
}

// configure makes the Deployment what its file says. What the check saw may have changed since.
func (w *work) configure(ctx context.Context) (string, error) {
	d, err := w.compare(ctx)
	if err != nil {
		return "", err
	}
	if !d.ToDo() {
		return "it is as " + Quoted(w.Plan.ConfigurationFile) + " says", nil
	}
	left, err := d.Apply(ctx, deployment.Options{Secrets: w.Secrets, AllowRemovals: w.AllowRemovals})
	if err != nil {
		return "", err
	}
	w.Configuration = d.Changes
	for _, c := range left.Changes {
		w.Plan.Notes = append(w.Plan.Notes, fmt.Sprintf("Astro took the configuration, and %s %s is still not what the file says", c.Section, c.Name))
	}
	return changes(d), nil
}

// changes counts them.
func changes(d deployment.Diff) string {
	var parts []string
	for _, kind := range []deployment.Kind{deployment.Added, deployment.Changed, deployment.Removed} {
		n := 0
		for _, c := range d.Changes {
			if c.Kind == kind {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	if n := len(d.Secrets); n > 0 {
		parts = append(parts, count(n, "secret")+" set")
	}
	return strings.Join(parts, ", ")
}

// ReadDeployments reads the files that configure Deployments in the working tree around a folder, and tells all that is wrong with
// them, as config.Problems. One that is not there is none: a deploy leaves that Deployment's configuration alone.
func ReadDeployments(ctx context.Context, dir string, p config.Pipeline) error {
	root := dir
	if repo, err := openRepository(ctx, dir); err == nil { // elsewhere, the folder is where it may become one
		root = repo.root
	}
	var all []error
	for _, target := range slices.Sorted(maps.Keys(p.Deployments)) {
		if _, err := readDeployment(root, p.Deployments[target]); !errors.Is(err, fs.ErrNotExist) {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// readDeployment reads a file of a repository, and calls it as people know it.
func readDeployment(root, file string) (config.Deployment, error) {
	return config.LoadDeployment(filepath.Join(root, filepath.FromSlash(file)), file)
}
