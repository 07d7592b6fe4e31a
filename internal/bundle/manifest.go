package bundle

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Layout is where the members of the archive stand.
type Layout string

const (
	// LayoutDags puts members below dags/, as the official CLI does.
	LayoutDags Layout = "dags"
	// LayoutRoot puts members at the root, for Airflow 3 Deployments that have the bundle's root on sys.path.
	LayoutRoot Layout = "root"
)

// Member is a path's name in the archive.
func (l Layout) Member(path string) string {
	if l == LayoutRoot {
		return path
	}
	return "dags/" + path
}

// Format is the archive that Pack writes. It is part of a bundle's identity.
const Format = "tar.gz"

// Entry is a file of a bundle.
type Entry struct {
	// Path is below the DAG root.
	Path string `json:"path"`
	// Size in bytes.
	Size int64 `json:"size"`
	// SHA256 of the contents, in hex.
	SHA256 string `json:"sha256"`
	// ModTime is the source's, for the archive; it is no part of the identity.
	ModTime time.Time `json:"modTime,omitzero"`
}

// Manifest is what a bundle holds.
type Manifest struct {
	Version int     `json:"version"`
	Layout  Layout  `json:"layout"`
	Files   []Entry `json:"files"`
}

// NewManifest sorts the entries.
func NewManifest(layout Layout, files []Entry) Manifest {
	slices.SortFunc(files, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	return Manifest{1, layout, files}
}

// Digest is the bundle's identity: over layout, archive format, and every member's contents, size and name, in byte
// order of the paths. Names hold no line breaks (NewPlan rejects them), so no two manifests make the same text. In
// a folder with the same files, the shell says the same:
//
//	{ printf 'dagferry manifest 1\nlayout dags\narchive tar.gz\n'
//	  find . -type f -printf '%P\n' | LC_ALL=C sort | while IFS= read -r f; do
//	    printf '%s %s dags/%s\n' "$(sha256sum <"$f" | cut -c1-64)" "$(stat -c %s "$f")" "$f"
//	  done; } | sha256sum
func (m Manifest) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "dagferry manifest 1\nlayout %s\narchive %s\n", m.Layout, Format)
	for _, f := range m.Files {
		fmt.Fprintf(h, "%s %d %s\n", f.SHA256, f.Size, m.Layout.Member(f.Path))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// Diff is what one bundle has of another.
type Diff struct {
	Added   []string `json:"added"`
	Changed []string `json:"changed"`
	Removed []string `json:"removed"`
}

// Since is what changed from an older manifest to this one, each list sorted.
func (m Manifest) Since(old Manifest) Diff {
	before := make(map[string]Entry, len(old.Files))
	for _, f := range old.Files {
		before[f.Path] = f
	}
	d := Diff{Added: []string{}, Changed: []string{}, Removed: []string{}}
	for _, f := range m.Files {
		was, known := before[f.Path]
		switch {
		case !known:
			d.Added = append(d.Added, f.Path)
		case was.SHA256 != f.SHA256:
			d.Changed = append(d.Changed, f.Path)
		}
		delete(before, f.Path)
	}
	for path := range before {
		d.Removed = append(d.Removed, path)
	}
	slices.Sort(d.Removed)
	return d
}
