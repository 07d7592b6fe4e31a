package astrotest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// LiveFile is a file of a Deployment's DAGs. Path is relative to the DAGs' root.
type LiveFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// readArchive lists an upload: a tar, plain [doc] or in one or several gzip members [seen]. Members are under dags/, or
// all at the root, which some Deployments want [seen]. An archive without members is an empty tree; no archive at all,
// a broken one, and one that points outside are errors.
func readArchive(data []byte) ([]LiveFile, error) {
	if len(data) == 0 {
		return nil, errors.New("the upload is empty")
	}
	var r io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("read gzip: %w", err)
		}
		r = z
	}
	files := map[string]LiveFile{}
	if err := readMembers(tar.NewReader(r), files); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, r); err != nil { // the checksum is behind the tar's end
		return nil, fmt.Errorf("read gzip: %w", err)
	}
	return sorted(files), nil
}

func readMembers(t *tar.Reader, files map[string]LiveFile) error {
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read tar: %w", err)
		}
		if err := checkMember(h); err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		hash := sha256.New()
		size, err := io.Copy(hash, t)
		if err != nil {
			return fmt.Errorf("read %s: %w", h.Name, err)
		}
		name := path.Clean(h.Name)
		files[name] = LiveFile{name, size, hex.EncodeToString(hash.Sum(nil))}
	}
}

// checkMember refuses what Airflow 3 refuses: members that point outside the tree [doc].
func checkMember(h *tar.Header) error {
	if outside(h.Name) || h.Name == "" {
		return fmt.Errorf("member %q points outside the tree", h.Name)
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeSymlink:
		if path.IsAbs(h.Linkname) || outside(path.Join(path.Dir(h.Name), h.Linkname)) { //nolint:gosec // nothing is extracted
			return fmt.Errorf("link %q points outside the tree", h.Name)
		}
		return nil
	default:
		return fmt.Errorf("member %q is neither a file nor a directory", h.Name)
	}
}

func outside(name string) bool {
	return path.IsAbs(name) || slices.Contains(strings.Split(name, "/"), "..")
}

func sorted(files map[string]LiveFile) []LiveFile {
	under := true
	for name := range files {
		under = under && strings.HasPrefix(name, "dags/")
	}
	list := make([]LiveFile, 0, len(files))
	for _, f := range files {
		if under {
			f.Path = strings.TrimPrefix(f.Path, "dags/")
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b LiveFile) int { return strings.Compare(a.Path, b.Path) })
	return list
}
