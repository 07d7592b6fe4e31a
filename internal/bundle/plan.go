package bundle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/ignore"
)

// File is an object on its way into a bundle.
type File struct {
	// Path is below the DAG root, with its source's mount.
	Path string `json:"path"`
	// From is the object's URL, for messages.
	From string `json:"from,omitempty"`
	// Version tells the object from what else may be at its URL (bucket.Object.Version); a file without one is never taken
	// from a cache.
	Version string `json:"-"`
	// Size in bytes.
	Size int64 `json:"size"`
	// ModTime is the object's LastModified; the archive keeps its whole seconds.
	ModTime time.Time `json:"modTime"`
}

// Judged is a file that is not in the bundle, and why.
type Judged struct {
	File
	// Rule is the ignore rule that left it out, or what is wrong with it.
	Rule string `json:"rule"`
}

// Plan says of every file what becomes of it. Each of its lists is sorted by path.
type Plan struct {
	In       []File
	LeftOut  []Judged
	Rejects  []Judged
	Warnings []string
}

// Rules is what decides about files.
type Rules struct {
	// Ignore is the configuration's gitignore-style list, on top of what is always left out.
	Ignore []string
	// Markers are paths that only say "now" (protocol: markers are never bundled).
	Markers []string
	Limits  Limits
}

// NewPlan decides about every file. It fails only on a bad ignore rule.
func NewPlan(files []File, rules Rules) (Plan, error) {
	chosen, err := ignore.New("", rules.Ignore)
	if err != nil {
		return Plan{}, fault.Errorf(fault.Denied, "read the ignore rules: %w", err)
	}
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	limits := rules.Limits.withDefaults()
	var p Plan
	for _, f := range files {
		if rule, out := leftOut(f.Path, rules.Markers, chosen); out {
			p.LeftOut = append(p.LeftOut, Judged{f, rule})
		} else if wrong := limits.check(f); wrong != "" {
			p.Rejects = append(p.Rejects, Judged{f, wrong})
		} else {
			p.In = append(p.In, f)
		}
	}
	p.checkTogether(limits)
	return p, nil
}

// leftOut tells whether a path stays outside, and by which rule.
func leftOut(path string, markers []string, chosen *ignore.Rules) (string, bool) {
	if rule, out := always(path); out {
		return rule, true
	}
	if slices.Contains(markers, path) {
		return "the marker", true
	}
	return chosen.Match(path)
}

// always is what is left out of every bundle: what consoles, editors and archivers leave behind in buckets.
func always(path string) (string, bool) {
	switch {
	case path == "" || strings.HasSuffix(path, "/"):
		return "a folder marker", true
	case strings.HasSuffix(path, "_$folder$"):
		return "a folder marker", true
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case ".DS_Store", "__MACOSX", ".git", ".ipynb_checkpoints":
			return segment, true
		}
	}
	return "", false
}

// Size is the bundle's contents in bytes.
func (p Plan) Size() int64 {
	var n int64
	for _, f := range p.In {
		n += f.Size
	}
	return n
}

// Err names what rejects the run, the first few in full, or is nil.
func (p Plan) Err() error {
	if len(p.Rejects) == 0 {
		return nil
	}
	const shown = 5
	var lines []string
	for i, r := range p.Rejects {
		if i == shown {
			lines = append(lines, fmt.Sprintf("and %d more", len(p.Rejects)-shown))
			break
		}
		name := r.From
		if name == "" {
			name = r.Path
		}
		lines = append(lines, fmt.Sprintf("%q: %s", name, r.Rule))
	}
	return fault.Errorf(fault.Rejected, "the bundle cannot be made: %s. Rename or remove what is named, or list it under ignore", strings.Join(lines, "; "))
}
