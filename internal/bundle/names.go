package bundle

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits bound a bundle. A zero field means its default.
type Limits struct {
	// Files is how many files there may be.
	Files int `yaml:"files"`
	// FileSize is how large one file may be, in bytes.
	FileSize int64 `yaml:"fileSize"`
	// TotalSize is how large all files together may be, in bytes. A run needs twice as much temporary space.
	TotalSize int64 `yaml:"totalSize"`
	// NameLength is how long a path may be, in bytes.
	NameLength int `yaml:"nameLength"`
}

const (
	// defaultFiles is five times the largest tree that was measured (20,000).
	defaultFiles = 100_000
	// defaultTotalSize and its archive fit into the 512 MB of temporary space that a Lambda has by default.
	defaultTotalSize = 240 << 20
	defaultFileSize  = 100 << 20
	// defaultNameLength is S3's and GCS's limit for a key, 1,024 bytes.
	defaultNameLength = 1024
	// segmentLength is what Linux file systems take for one name; the archive is unpacked on one.
	segmentLength = 255
)

func (l Limits) withDefaults() Limits {
	if l.Files == 0 {
		l.Files = defaultFiles
	}
	if l.FileSize == 0 {
		l.FileSize = defaultFileSize
	}
	if l.TotalSize == 0 {
		l.TotalSize = defaultTotalSize
	}
	if l.NameLength == 0 {
		l.NameLength = defaultNameLength
	}
	return l
}

// check says what is wrong with one file, or "".
func (l Limits) check(f File) string {
	if wrong := unsafeName(f.Path); wrong != "" {
		return wrong
	}
	switch {
	case len(f.Path) > l.NameLength:
		return fmt.Sprintf("its name has %d bytes, the limit is %d", len(f.Path), l.NameLength)
	case f.Size > l.FileSize:
		return fmt.Sprintf("it has %d bytes, the limit for a file is %d (limits.fileSize)", f.Size, l.FileSize)
	}
	return ""
}

// unsafeName says why a path must not be unpacked on the machine that runs Airflow, or "".
func unsafeName(path string) string {
	switch {
	case !utf8.ValidString(path):
		return "its name is not UTF-8"
	case strings.HasPrefix(path, "/"):
		return "its name is an absolute path"
	case strings.Contains(path, `\`):
		return "its name has a backslash"
	case strings.ContainsFunc(path, unicode.IsControl):
		return "its name has a control character"
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "":
			return "its name has an empty segment (two slashes together)"
		case segment == "." || segment == "..":
			return fmt.Sprintf("its name has the segment %q", segment)
		case len(segment) > segmentLength:
			return fmt.Sprintf("a segment of its name has %d bytes, file systems take %d", len(segment), segmentLength)
		}
	}
	return ""
}

// checkTogether finds what is wrong with files that are each in order: too many, too much, one path twice, a path
// that would be a file and a folder. Names that differ in case only are a warning: they work on Astro, but not on
// everyone's laptop.
func (p *Plan) checkTogether(l Limits) {
	folders, folded := map[string]File{}, map[string]string{}
	for i, f := range p.In {
		if i > 0 && p.In[i-1].Path == f.Path {
			p.reject(f, fmt.Sprintf("%s is the same path; two sources may not own one", p.In[i-1].From))
		}
		for dir := parent(f.Path); dir != ""; dir = parent(dir) {
			if _, known := folders[dir]; known {
				break
			}
			folders[dir] = f
		}
		lower := strings.ToLower(f.Path)
		if other, twice := folded[lower]; twice && other != f.Path {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s and %s differ in case only", other, f.Path))
		}
		folded[lower] = f.Path
	}
	for _, f := range p.In {
		if below, both := folders[f.Path]; both {
			p.reject(f, fmt.Sprintf("it is a file, and a folder too, because of %s", below.Path))
		}
	}
	if len(p.In) > l.Files {
		p.reject(p.In[l.Files], fmt.Sprintf("there are %d files, the limit is %d (limits.files)", len(p.In), l.Files))
	}
	if size := p.Size(); size > l.TotalSize {
		largest := slices.MaxFunc(p.In, func(a, b File) int { return int(a.Size - b.Size) })
		p.reject(largest, fmt.Sprintf("all files have %d bytes together, this one the most (%d); the limit is %d (limits.totalSize)",
			size, largest.Size, l.TotalSize))
	}
}

func (p *Plan) reject(f File, why string) { p.Rejects = append(p.Rejects, Judged{f, why}) }

// parent is the folder of a path, "" at the top.
func parent(path string) string {
	return path[:max(0, strings.LastIndexByte(path, '/'))]
}
