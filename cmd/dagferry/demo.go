package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/demo"
)

type demoOptions struct {
	cloud, function  string
	json, keep, logs bool
}

func newDemo() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job on this machine, without an account",
		Long: `demo starts an object store, what carries its events, a simulator of Astro and the real function, and shows an upload, a
burst, a DAG with a mistake, its fix and a deletion. At the end it reads the bucket by itself and compares it with what
is live. The cloud is aws (an S3 server, a queue, the Lambda function) or gcp (fake-gcs-server, a Pub/Sub topic that
pushes, the Cloud Run function).

In a checkout of dagferry the function is built by Go; elsewhere, name its package with --function.`,
		Example: `  dagferry demo
  dagferry demo --cloud gcp
  dagferry demo --keep
  dagferry demo --json | jq .liveDigest
  dagferry demo --function dist/s3sync-amd64.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd, o) },
	}
	f := c.Flags()
	f.StringVar(&o.cloud, "cloud", "aws", "aws or gcp")
	f.StringVar(&o.function, "function", "", "the function's package (default: built from this checkout)")
	f.BoolVar(&o.json, "json", false, "print one JSON object, and nothing else")
	f.BoolVar(&o.keep, "keep", false, "leave the servers running, to try things by hand")
	f.BoolVar(&o.logs, "logs", false, "show the function's log on standard error")
	return c
}

func runDemo(cmd *cobra.Command, o demoOptions) error {
	if !slices.Contains(demo.Clouds(), o.cloud) {
		return usageError{fmt.Errorf("--cloud is one of %s, and not %q", strings.Join(demo.Clouds(), ", "), o.cloud)}
	}
	if o.function != "" {
		if _, err := os.Stat(o.function); err != nil {
			return usageError{err}
		}
	}
	options := demo.Options{Cloud: o.cloud, Function: o.function, Interpreter: interpreter}
	if !o.json {
		options.Out = cmd.OutOrStdout()
	}
	if o.logs {
		options.Log = cmd.ErrOrStderr()
	}
	if o.keep {
		options.Keep = func(p demo.Places) {
			fmt.Fprintf(cmd.ErrOrStderr(), keepHelp, fmt.Sprintf(byHand()[o.cloud], p.Store, p.Bucket, p.Prefix), p.Astro, p.Deployment)
		}
	}
	summary, err := demo.Run(cmd.Context(), options)
	if o.json && summary.LiveDigest != "" {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		if err := e.Encode(&summary); err != nil {
			return err
		}
	}
	return err
}

const keepHelp = `
Everything goes on running. In another terminal:

%s  curl %[2]s/_sim/live/%[3]s          what is live
  curl %[2]s/_sim/deploys/%[3]s       the deploy history

What the function does appears here. Ctrl-C ends it.

`

// byHand is how to look into a cloud's bucket, and change it.
func byHand() map[string]string {
	return map[string]string{
		"aws": `  export AWS_ENDPOINT_URL=%[1]s AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo AWS_REGION=us-east-1
  aws s3 ls --recursive s3://%[2]s/%[3]s
  aws s3 cp my_dag.py s3://%[2]s/%[3]s
`,
		"gcp": `  curl '%[1]s/storage/v1/b/%[2]s/o?prefix=%[3]s'
  curl --data-binary @my_dag.py '%[1]s/upload/storage/v1/b/%[2]s/o?uploadType=media&name=%[3]smy_dag.py'
`,
	}
}
