package main

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLicences(t *testing.T) {
	got, err := licences(t.Context(), []*debug.Module{{Path: "golang.org/x/sync"}, {Path: "github.com/aws/aws-lambda-go"}})
	require.NoError(t, err)
	assert.Regexp(t, `(?s)^github.com/aws/aws-lambda-go v[0-9.]+\n=+\n.*golang.org/x/sync v[0-9.]+\n=+\n--- LICENSE\nCopyright .*--- PATENTS\n`, string(got))
	_, err = licences(t.Context(), []*debug.Module{{Path: "example.com/nowhere"}})
	require.ErrorContains(t, err, "example.com/nowhere")
	_, err = licencesIn(t.TempDir())
	require.ErrorContains(t, err, "there is none")
}
