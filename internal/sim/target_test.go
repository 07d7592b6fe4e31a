package sim

import (
	"bytes"
	"context"
	"io/fs"
	"slices"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/syncer"
)

// target is what a worker opens.
func (w *world) target(a *actor) (syncer.Target, error) {
	client, err := astro.New(astro.Options{URL: "http://localhost/v1", Token: w.token, Transport: wire{w, a}})
	return syncer.Target{
		Name: "prod", Deployment: deployment, Astro: client,
		Sources: []syncer.Source{{Bucket: view{w.store, w.gate, a, "dags/"}}},
		State:   view{w.store, w.gate, a, "state/"},
		Layout:  bundle.LayoutDags, Ignore: slices.Clone(w.ignore), Settle: w.settle(), MaxWait: time.Minute, Marker: w.marker(),
		MinFiles: 1, MaxDeleted: 100, Runtime: syncer.Runtime{Airflow: "3.1", Python: "3.12"},
		Check: syncer.Check{Do: check, Settings: []string{"sim"}},
	}, err
}

func (w *world) settle() time.Duration {
	if w.rash {
		return 0
	}
	return 3 * time.Second
}

// doneMarker says that a batch is complete.
const doneMarker = "_DONE"

func (w *world) marker() string {
	if w.markers {
		return doneMarker
	}
	return ""
}

// check refuses what begins with "broken".
func check(_ context.Context, _ syncer.Runtime, tree fs.FS) (parse.Report, error) {
	var r parse.Report
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(tree, path)
		if bytes.HasPrefix(body, []byte("broken")) {
			r.Findings = append(r.Findings, parse.Finding{Path: path, Line: 1, Rule: parse.RuleSyntax, Severity: parse.Block, Message: "broken"})
		}
		return err
	})
	return r, err
}
