package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/templates"
)

func newInit() *cobra.Command {
	c := &cobra.Command{
		Use: "init", Short: "Write the files that a repository begins with",
		Example: "  dagferry init ci --provider github",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newInitCI())
	return c
}

type initOptions struct {
	provider, config string
	force            bool
}

func newInitCI() *cobra.Command {
	var names []string
	for _, p := range templates.Providers() {
		names = append(names, p.Name)
	}
	known := strings.Join(names, ", ")
	var o initOptions
	c := &cobra.Command{
		Use: "ci", Short: "Write the file by which a CI checks pull requests and deploys branches",
		Long: `ci writes the template for a CI to the place where that looks for it, filled in with the branches of pipeline.branches in
dagferry.yaml. Projects without a Dockerfile, and those whose DAGs do not come from git, get what they need of it. It never replaces a
file, unless told so by --force.

Providers: ` + known + `.`,
		Example: `  dagferry init ci --provider github
  dagferry init ci --provider gitlab --force`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.NoArgs(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error { return runInitCI(cmd, o) },
	}
	c.Flags().StringVar(&o.provider, "provider", "", known)
	c.Flags().StringVarP(&o.config, "config", "c", "", "the configuration (default: dagferry.yaml here or in a folder above)")
	c.Flags().BoolVar(&o.force, "force", false, "replace the file if there is one")
	return c
}

func runInitCI(cmd *cobra.Command, o initOptions) error {
	provider, err := templates.Find(o.provider)
	if err != nil {
		return usageError{err}
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	path, err := configPath(o.config)
	if err != nil {
		return err
	}
	c, err := loadConfig(cmd.Context(), newReader(), path)
	if err != nil {
		return err
	}
	if c.Pipeline == nil {
		return usageError{fmt.Errorf("%s has no pipeline: say which branches are deployed, such as pipeline: {branches: {main: %s}}", path, c.Targets[0].Name)}
	}
	root := config.Checkout(here)
	text, err := templates.Render(provider, repositoryOf(root, *c.Pipeline))
	if err != nil {
		return usageError{fmt.Errorf("init ci: %w", err)}
	}
	if err := writeNew(filepath.Join(root, filepath.FromSlash(provider.Path)), text, o.force); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n\n%s\nThe comment at its head says what else it needs.\n", provider.Path, provider.Next)
	return err
}

// released is a version of which there is a release, which a CI can download.
var released = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+$`)

// repositoryOf is what a template is filled in for.
func repositoryOf(root string, p config.Pipeline) templates.Repository {
	branches := slices.SortedFunc(maps.Keys(p.Branches), func(a, b string) int {
		return cmp.Or(productionFirst(a)-productionFirst(b), strings.Compare(a, b))
	})
	r := templates.Repository{Version: templates.Version, Branches: branches, Project: p.Project, DAGs: p.Dags == config.DagsGit}
	if len(branches) > 0 {
		r.Target = p.Branches[branches[0]]
	}
	if own := ownVersion(); released.MatchString(own) {
		r.Version = own
	}
	info, err := os.Stat(filepath.Join(root, filepath.FromSlash(p.Project), "Dockerfile"))
	r.Image = err == nil && !info.IsDir()
	return r
}

// productionFirst sorts the branches that usually are production's before others.
func productionFirst(branch string) int {
	if slices.Contains([]string{"main", "master", "prod", "production"}, branch) {
		return 0
	}
	return 1
}

// writeNew writes a new file.
func writeNew(path string, text []byte, force bool) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a repository's folders are for everybody
		return fmt.Errorf("make the folder of a new file: %w", err)
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644) //nolint:gosec // and its files, too
	if errors.Is(err, fs.ErrExist) {
		return usageError{fmt.Errorf("there is a %s already: move it away, or replace it with --force", path)}
	}
	if err != nil {
		return fmt.Errorf("write a new file: %w", err)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
