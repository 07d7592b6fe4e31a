package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// saved is an archive with compressed layers, as engines write that keep them so.
func saved(t *testing.T, content v1.Image) string {
	t.Helper()
	tag, err := name.NewTag("localhost/x:1")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, tarball.WriteToFile(path, tag, content))
	return path
}

func TestPack_sameContentsSameDigest(t *testing.T) {
	content, err := random.Image(64<<10, 3)
	require.NoError(t, err)
	layers, err := content.Layers()
	require.NoError(t, err)
	content, err = mutate.AppendLayers(content, layers[0])
	require.NoError(t, err)
	archive := saved(t, content)
	var digests []v1.Hash
	for range 2 {
		packed, err := pack(archive, t.TempDir())
		require.NoError(t, err)
		require.NoError(t, validate.Image(packed))
		digest, err := packed.Digest()
		require.NoError(t, err)
		digests = append(digests, digest)
	}
	assert.Equal(t, digests[0], digests[1])
}

func TestPack_refusesLayersThatAreOthers(t *testing.T) {
	content, err := random.Image(64<<10, 2)
	require.NoError(t, err)
	archive := saved(t, content)
	other, err := random.Image(64<<10, 1)
	require.NoError(t, err)
	_, err = pack(exchange(t, archive, other), t.TempDir())
	require.ErrorContains(t, err, "has other contents than the image says")
	require.NoError(t, os.Truncate(archive, 70<<10))
	_, err = pack(archive, t.TempDir())
	require.ErrorContains(t, err, "read the builder's archive")
}

// exchange is an archive whose first layer is another image's.
func exchange(t *testing.T, archive string, by v1.Image) string {
	t.Helper()
	layers, err := by.Layers()
	require.NoError(t, err)
	r, err := layers[0].Compressed()
	require.NoError(t, err)
	layer, err := io.ReadAll(r)
	require.NoError(t, err)
	in, err := os.ReadFile(archive)
	require.NoError(t, err)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for from, done := tar.NewReader(bytes.NewReader(in)), false; ; {
		h, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		data, err := io.ReadAll(from)
		require.NoError(t, err)
		if strings.HasSuffix(h.Name, ".tar.gz") && !done {
			data, done = layer, true
		}
		h.Size = int64(len(data))
		require.NoError(t, w.WriteHeader(h))
		_, err = w.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	path := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, os.WriteFile(path, out.Bytes(), 0o600))
	return path
}
