package main

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

var actToo = flag.Bool("act", false, "run the workflow and the action by act, a program that runs GitHub Actions on this machine")

// TestAct runs the scripts whose workflows act runs, on this machine and without containers. ACT is the program; the actions of others stand
// in the scripts, and must not be run. A checkout of the local repository is act's own.
func TestAct(t *testing.T) {
	if !*actToo {
		t.Skip("make act runs it")
	}
	act := os.Getenv("ACT")
	require.FileExists(t, act, "make act builds it")
	p := params(t)
	p.Dir = "testdata/act"
	simulated := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("ACT", act)
		e.Setenv("CHECKOUT", checkout(t))
		return simulated(e)
	}
	testscript.Run(t, p)
}
