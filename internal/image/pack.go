package image

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// packed is an image whose layers are files that are compressed already. The library compresses a builder's layers anew each
// time that it reads them: for the digest, for the upload, and for each repeat of it.
type packed struct {
	config, manifest []byte
	layers           map[v1.Hash]layer
}

// layer is a compressed layer in a file.
type layer struct {
	path           string
	digest, diffID v1.Hash
	size           int64
}

// pack compresses the layers of an archive that `docker save` wrote, each once, into a folder. What comes out depends on the
// contents alone, so that a layer which the registry has is known again.
func pack(archive, dir string) (v1.Image, error) {
	saved, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		return nil, fmt.Errorf("read the builder's archive: %w", err)
	}
	layers, err := packLayers(saved, dir)
	if err != nil {
		return nil, fmt.Errorf("compress the image's layers: %w", err)
	}
	p, err := newPacked(saved, layers)
	if err != nil {
		return nil, fmt.Errorf("read the builder's archive: %w", err)
	}
	return partial.CompressedToImage(p)
}

func packLayers(saved v1.Image, dir string) ([]layer, error) {
	config, err := saved.ConfigFile()
	if err != nil {
		return nil, err
	}
	packed := make([]layer, len(config.RootFS.DiffIDs))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, diffID := range config.RootFS.DiffIDs {
		g.Go(func() error {
			from, err := saved.LayerByDiffID(diffID)
			if err != nil {
				return err
			}
			packed[i], err = packLayer(from, diffID, filepath.Join(dir, strconv.Itoa(i)+".tar.gz"))
			return err
		})
	}
	return packed, g.Wait()
}

func packLayer(from v1.Layer, diffID v1.Hash, path string) (l layer, err error) {
	in, err := from.Uncompressed()
	if err != nil {
		return layer{}, err
	}
	defer in.Close()            //nolint:errcheck // it was only read
	out, err := os.Create(path) //nolint:gosec // in a folder of our own
	if err != nil {
		return layer{}, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	plain, digest := sha256.New(), sha256.New()
	counted := &counter{}
	z := gzip.NewWriter(io.MultiWriter(out, digest, counted))
	if _, err := io.Copy(io.MultiWriter(z, plain), in); err != nil {
		return layer{}, err
	}
	if err := z.Close(); err != nil {
		return layer{}, err
	}
	if read := hashOf(plain.Sum(nil)); read != diffID {
		return layer{}, fmt.Errorf("the archive's layer %s has other contents than the image says: %s", diffID, read)
	}
	return layer{path: path, digest: hashOf(digest.Sum(nil)), diffID: diffID, size: counted.n}, nil
}

func newPacked(saved v1.Image, layers []layer) (*packed, error) {
	config, err := saved.RawConfigFile()
	if err != nil {
		return nil, err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(config))
	if err != nil {
		return nil, err
	}
	manifest := v1.Manifest{
		SchemaVersion: 2, MediaType: types.DockerManifestSchema2,
		Config: v1.Descriptor{MediaType: types.DockerConfigJSON, Size: size, Digest: digest},
	}
	p := &packed{config: config, layers: map[v1.Hash]layer{}}
	for _, l := range layers {
		p.layers[l.digest] = l
		manifest.Layers = append(manifest.Layers, v1.Descriptor{MediaType: types.DockerLayer, Size: l.size, Digest: l.digest})
	}
	p.manifest, err = json.Marshal(manifest)
	return p, err
}

// MediaType, RawConfigFile, RawManifest and LayerByDigest are what the library makes a v1.Image of.
func (p *packed) MediaType() (types.MediaType, error) { return types.DockerManifestSchema2, nil }

func (p *packed) RawConfigFile() ([]byte, error) { return p.config, nil }

func (p *packed) RawManifest() ([]byte, error) { return p.manifest, nil }

func (p *packed) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	l, ok := p.layers[digest]
	if !ok {
		return nil, fmt.Errorf("the image has no layer %s", digest)
	}
	return l, nil
}

// Digest, DiffID, Size, MediaType and Compressed are what the library makes a v1.Layer of.
func (l layer) Digest() (v1.Hash, error) { return l.digest, nil }

func (l layer) DiffID() (v1.Hash, error) { return l.diffID, nil }

func (l layer) Size() (int64, error) { return l.size, nil }

func (l layer) MediaType() (types.MediaType, error) { return types.DockerLayer, nil }

func (l layer) Compressed() (io.ReadCloser, error) { return os.Open(l.path) }

func hashOf(sum []byte) v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum)} }

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
