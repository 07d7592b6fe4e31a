package main

import (
	"context"
	"errors"

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
	spool, unreadable, err := spoolReadable(ctx, folder, objects, plan.In)
	return spool, append(found, unreadable...), err
}

// spoolReadable copies files into a spool, and tells of those that cannot be opened. A spool has all that it has room for: so with
// one that cannot be opened it is begun anew, without that.
func spoolReadable(ctx context.Context, folder bucket.Bucket, objects map[string]bucket.Object, files []bundle.File) (*bundle.Spool, []parse.Finding, error) {
	var found []parse.Finding
	for {
		spool, err := bundle.NewSpool("", files)
		if err != nil {
			return nil, nil, err
		}
		var readable []bundle.File
		for i, f := range files {
			body, err := folder.Open(ctx, objects[f.Path])
			if err != nil {
				found = append(found, refused(f.Path, err.Error()))
				continue
			}
			readable = append(readable, f)
			if err := errors.Join(spool.Write(i, body), body.Close()); err != nil {
				_ = spool.Close() // err says more
				return nil, nil, err
			}
		}
		if len(readable) == len(files) {
			return spool, found, nil
		}
		_ = spool.Close() // a temporary file
		files = readable
	}
}

func refused(path, why string) parse.Finding {
	return parse.Finding{Path: path, Rule: parse.RuleNotBundled, Severity: parse.Block, Message: why}
}
