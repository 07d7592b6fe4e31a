package main

import (
	"archive/tar"
	"bytes"
	"context"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/secret"
)

// deploys is a script's "deploys TYPE DEPLOYMENT REVISION": a whole deploy of a commit of the repository that the script is in, as a pipeline makes it.
func deploys(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	git := exec.Command("git", "-C", ts.MkAbs("."), "rev-parse", args[2])
	commit, err := git.Output()
	ts.Check(err)
	client, err := astro.New(astro.Options{URL: ts.Getenv("ASTRO_API_URL"), Token: secret.NewValue(ts.Getenv("ASTRO_API_TOKEN"))})
	ts.Check(err)
	d, err := client.Create(ctx, args[1], astro.CreateDeploy{Type: args[0], Git: &astro.Git{Provider: "GENERIC", CommitSHA: strings.TrimSpace(string(commit))}})
	ts.Check(err)
	version := ""
	if d.Type != astro.TypeImageOnly {
		var b bytes.Buffer
		archive := tar.NewWriter(&b)
		ts.Check(archive.WriteHeader(&tar.Header{Name: "dags/etl.py", Mode: 0o644}))
		ts.Check(archive.Close())
		version, err = client.Upload(ctx, d.UploadURL, bytes.NewReader(b.Bytes()), int64(b.Len()))
		ts.Check(err)
	}
	_, err = client.Finalize(ctx, args[1], d.ID, version)
	ts.Check(err)
}
