package main

import (
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dagferry/dagferry/internal/local/engine"
)

// TestPipeline plays the life of repositories with permanent branches, from the command line. docs/pipeline.md shows what it prints
// (make e2e-pipeline).
func TestPipeline(t *testing.T) {
	if !*played {
		t.Skip("make e2e-pipeline runs it")
	}
	builder := engine.Start(t, "buildah")
	base := builder.Runtime(t, "3.1-12")
	play(t, "testdata/pipeline", builder, time.Second, func(e *testscript.Env) error {
		e.Setenv("BASE", base)
		return expand(e.WorkDir)
	})
}
