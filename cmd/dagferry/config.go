package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/pipeline"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/secret/secretmanager"
	"github.com/dagferry/dagferry/internal/secret/ssm"
	"github.com/dagferry/dagferry/schema"
)

func newConfig() *cobra.Command {
	c := &cobra.Command{
		Use: "config", Short: "Validate dagferry.yaml, or configure a Deployment by a file",
		Example: "  dagferry config validate\n  dagferry config diff --target prod",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newConfigValidate(), newConfigSchema(), newConfigDiff(), newConfigApply(), newConfigExport())
	return c
}

func newConfigValidate() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use: "validate", Short: "Say whether a configuration is in order, and if not, all that is wrong with it",
		Long: `validate reads a configuration as every run does: a file, an object (s3://bucket/dagferry.yaml) or a parameter
(ssm://name), and the files of pipeline.deployments beside it. It asks neither Astro nor the sources, and reads no secret.`,
		Example: `  dagferry config validate
  dagferry config validate --config s3://acme-dagferry/dagferry.yaml
  dagferry config validate --json | jq '.problems[]'`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cobra.NoArgs(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error { return validateConfig(cmd, path, asJSON) },
	}
	c.Flags().StringVarP(&path, "config", "c", "", "the configuration (default: dagferry.yaml here or in a folder above)")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func newConfigSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of dagferry.yaml, for editors",
		Long: `schema prints the JSON Schema (draft-07) of this version's dagferry.yaml. Editors with a YAML plugin complete and check
a file that begins with

  # yaml-language-server: $schema=dagferry.schema.json`,
		Example: "  dagferry config schema > dagferry.schema.json",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cobra.NoArgs(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(schema.JSON)
			return err
		},
	}
}

// validateConfig tells what is wrong with a configuration, each problem in a line that begins with its place.
func validateConfig(cmd *cobra.Command, path string, asJSON bool) error {
	path, err := configPath(path)
	if err != nil {
		return err
	}
	c, err := loadConfig(cmd.Context(), newReader(), path)
	if err == nil && c.Pipeline != nil && !strings.Contains(path, "://") {
		err = pipeline.ReadDeployments(cmd.Context(), filepath.Dir(path), *c.Pipeline)
	}
	problems := config.Problems(err)
	if err != nil && problems == nil {
		return err
	}
	switch {
	case asJSON:
		if err := summaryJSON(cmd.OutOrStdout(), path, c, problems); err != nil {
			return err
		}
	case err != nil:
		fmt.Fprintln(cmd.ErrOrStderr(), err)
	default:
		return summaryText(cmd.OutOrStdout(), path, c)
	}
	return shown(err)
}

// loadConfig reads a configuration. One that is wrong, or a file that is not there, is wrong usage; what an address's
// store says is what it is.
func loadConfig(ctx context.Context, r *config.Reader, path string) (config.Config, error) {
	c, err := r.Load(ctx, path)
	if !strings.Contains(path, "://") || config.Problems(err) != nil {
		err = asUsage(err)
	}
	return c, err
}

// newReader reads configurations from files, buckets and Parameter Store. AWS is asked for credentials when an address
// needs them.
func newReader() *config.Reader {
	return &config.Reader{Fetch: map[string]config.Fetch{
		"s3": func(ctx context.Context, url string) ([]byte, string, error) {
			return config.FromBucket(func(ctx context.Context, prefix string) (bucket.Bucket, error) {
				return s3.Open(ctx, prefix, s3.Options{MaxValue: config.MaxSize})
			})(ctx, url)
		},
		"gs": func(ctx context.Context, url string) ([]byte, string, error) {
			return config.FromBucket(func(ctx context.Context, prefix string) (bucket.Bucket, error) {
				return gcs.Open(ctx, prefix, gcs.Options{MaxValue: config.MaxSize})
			})(ctx, url)
		},
		secretmanager.Scheme: secretmanager.Document(secretmanager.Options{}),
		ssm.Scheme: func(ctx context.Context, url string) ([]byte, string, error) {
			aws, err := awssdk.Config(ctx, "")
			if err != nil {
				return nil, "", err
			}
			return ssm.Document(aws)(ctx, url)
		},
	}}
}

// summaryText says what a configuration would do. Of a token it tells where it is, never what it is.
func summaryText(w io.Writer, path string, c config.Config) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is in order\n", path)
	for _, t := range c.Targets {
		fmt.Fprintf(&b, "\n%s, Deployment %s\n", t.Name, t.Deployment)
		for i, s := range t.Sources {
			label := "sources:"
			if i > 0 {
				label = ""
			}
			fmt.Fprintf(&b, "  %-9s %s → %s%s\n", label, s.URL, folder(t, s), reach(s))
		}
		if branch := c.Pipeline.Branch(t.Name); branch != "" {
			fmt.Fprintf(&b, "  %-9s %s\n", "branch:", branch)
		}
		fmt.Fprintf(&b, "  %-9s %s\n  %-9s %s\n", "state:", t.State, "token:", secret.Shown(t.Token))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// folder is where a source's files go, at Astro.
func folder(t config.Target, s config.Source) string {
	at := "/"
	if t.Layout == "dags" {
		at = "dags/"
	}
	if s.Mount == "" {
		return at
	}
	return strings.TrimPrefix(at, "/") + s.Mount + "/"
}

// reach is how a source's bucket is reached, where that is said.
func reach(s config.Source) string {
	var how []string
	if s.Region != "" {
		how = append(how, "in "+s.Region)
	}
	if s.RoleARN != "" {
		how = append(how, "as "+s.RoleARN)
	}
	if s.ExpectedBucketOwner != "" {
		how = append(how, "of "+s.ExpectedBucketOwner)
	}
	if s.RequesterPays {
		how = append(how, "at our costs")
	}
	if how == nil {
		return ""
	}
	return " (" + strings.Join(how, ", ") + ")"
}

// summaryJSON is the same for programs.
func summaryJSON(w io.Writer, path string, c config.Config, problems []config.Problem) error {
	type source struct {
		URL                 string `json:"url"`
		Mount               string `json:"mount,omitempty"`
		Region              string `json:"region,omitempty"`
		RoleARN             string `json:"roleArn,omitempty"`
		ExpectedBucketOwner string `json:"expectedBucketOwner,omitempty"`
		RequesterPays       bool   `json:"requesterPays,omitempty"`
	}
	type target struct {
		Name       string   `json:"name"`
		Deployment string   `json:"deployment"`
		Branch     string   `json:"branch,omitempty"`
		Sources    []source `json:"sources"`
		State      string   `json:"state"`
		Token      string   `json:"token"`
	}
	out := struct {
		Config   string           `json:"config"`
		Valid    bool             `json:"valid"`
		Targets  []target         `json:"targets"`
		Problems []config.Problem `json:"problems"`
	}{path, len(problems) == 0, []target{}, append([]config.Problem{}, problems...)}
	for _, t := range c.Targets {
		shown := target{Name: t.Name, Deployment: t.Deployment, Branch: c.Pipeline.Branch(t.Name), Sources: []source{}, State: t.State, Token: secret.Shown(t.Token)}
		for _, s := range t.Sources {
			shown.Sources = append(shown.Sources, source(s))
		}
		out.Targets = append(out.Targets, shown)
	}
	to := json.NewEncoder(w)
	to.SetIndent("", "  ")
	to.SetEscapeHTML(false)
	return to.Encode(out)
}
