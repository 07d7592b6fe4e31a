package main

import (
	"context"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/dir"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/parse"
)

// gatherFolder bundles a folder as a run that leaves these patterns out would, and tells what would reject the run before any
// file is parsed. The spool has to be closed.
func gatherFolder(ctx context.Context, path string, ignore []string) (*bundle.Spool, []parse.Finding, error) {
	folder, err := dir.Open(path, dir.Options{})
	if err != nil {
		return nil, nil, err
	}
	listing, err := folder.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	objects := map[string]bucket.Object{}
	var files []bundle.File
	for _, o := range listing.Objects {
		objects[o.Key] = o
		files = append(files, bundle.File{Path: o.Key, From: o.Key, Size: o.Size, ModTime: o.LastModified})
	}
	plan, err := bundle.NewPlan(files, bundle.Rules{Ignore: ignore})
	if err != nil {
		return nil, nil, err
	}
	var found []parse.Finding
	for _, r := range plan.Rejects {
		found = append(found, refused(r.Path, r.Rule))
	}
	if len(plan.In) == 0 {
		found = append(found, refused(".", "there are no files in it, and guard.minFiles is 1"))
	}
	var readable []bundle.File
	for _, f := range plan.In {
		if body, err := folder.Open(ctx, objects[f.Path]); err != nil {
			found = append(found, refused(f.Path, err.Error()))
		} else {
			readable = append(readable, f)
			_ = body.Close() // only to see that it can be opened
		}
	}
	spool, err := bundle.NewSpool("", readable)
	if err != nil {
		return nil, nil, err
	}
	for i, f := range readable {
		if err := copyFile(ctx, folder, objects[f.Path], spool, i); err != nil {
			_ = spool.Close() // err says more
			return nil, nil, err
		}
	}
	return spool, found, nil
}

func refused(path, why string) parse.Finding {
	return parse.Finding{Path: path, Rule: parse.RuleNotBundled, Severity: parse.Block, Message: why}
}

func copyFile(ctx context.Context, folder bucket.Bucket, o bucket.Object, spool *bundle.Spool, i int) error {
	body, err := folder.Open(ctx, o)
	if err != nil {
		return err
	}
	err = spool.Write(i, body)
	if closed := body.Close(); err == nil {
		err = closed
	}
	return err
}
