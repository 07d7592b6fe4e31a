package demo_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/demo"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

func TestRun_whatIsLiveIsWhatTheBucketHolds(t *testing.T) {
	for _, cloud := range demo.Clouds() {
		t.Run(cloud, func(t *testing.T) { tour(t, cloud) })
	}
}

func tour(t *testing.T, cloud string) {
	var out, log bytes.Buffer
	s, err := demo.Run(t.Context(), demo.Options{Cloud: cloud, Interpreter: embedded.Interpreter, Out: &out, Log: &log})
	require.NoError(t, err, "%s\n%s", out.String(), log.String())
	assert.Equal(t, s.LiveDigest, s.BucketDigest)
	assert.Equal(t, 1, s.BurstDeploys, "200 uploads are one deploy")
	assert.Equal(t, 1, s.Rejected)
	assert.Equal(t, 202, s.LiveFiles)
	assert.Contains(t, out.String(), "etl.py:8:24: '(' was never closed", "the mistake is shown with its line")
	assert.NotContains(t, log.String(), "eyJ", "no token in the log")
}

func TestRun_packageThatIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.zip")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	_, err = z.Create("readme.txt")
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	_, err = demo.Run(t.Context(), demo.Options{Function: path})
	require.ErrorContains(t, err, "it has no bootstrap")
	_, err = demo.Run(t.Context(), demo.Options{Cloud: "gcp", Function: path})
	require.ErrorContains(t, err, "it has no go.mod")
}

func TestRun_outsideOfACheckoutSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := demo.Run(t.Context(), demo.Options{Interpreter: embedded.Interpreter})
	require.ErrorContains(t, err, "--function s3sync-amd64.zip")
	_, err = demo.Run(t.Context(), demo.Options{Cloud: "gcp", Interpreter: embedded.Interpreter})
	require.ErrorContains(t, err, "--function gcssync.zip")
}

func TestRun_cloudThatIsNone(t *testing.T) {
	_, err := demo.Run(t.Context(), demo.Options{Cloud: "azure"})
	require.ErrorContains(t, err, `no demo for the cloud "azure": name one of aws, gcp`)
}
