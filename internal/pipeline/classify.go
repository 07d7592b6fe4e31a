package pipeline

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Class is what a file is part of.
type Class string

// Classes. What is in no deploy is ClassAside: tests, documentation, CI files, other folders than the project's.
const (
	ClassDags          Class = "dags"
	ClassImage         Class = "image"
	ClassConfiguration Class = "configuration"
	ClassAside         Class = "tests-and-docs"
)

// File is a file that differs from what is live.
type File struct {
	// Path is from the repository's root, as git has it.
	Path string `json:"path"`
	// Status is A (added), M (changed, its mode included), D (deleted) or T (another type); ? for a new file in no commit.
	Status string `json:"status"`
	// Classes are what it is part of. A file has several when a link leads to it.
	Classes []Class `json:"classes"`
	// Why says how that is known.
	Why string `json:"why"`
}

// Is reports whether the file is part of something.
func (f File) Is(c Class) bool { return slices.Contains(f.Classes, c) }

// classify tells what a changed path is part of. In doubt it is the image: that deploys too much, never too little.
func (p *planning) classify(c change) File {
	f := File{Path: c.path, Status: c.status}
	for _, name := range p.files.names(c.path) {
		class, why := p.classOf(name)
		if name != c.path {
			why = "a link makes it " + Quoted(name)
		}
		for _, one := range class.parts() {
			if !f.Is(one) {
				f.Classes = append(f.Classes, one)
				if f.Why == "" || one != ClassAside {
					f.Why = why
				}
			}
		}
	}
	if len(f.Classes) > 1 { // a link makes it more than aside
		f.Classes = slices.DeleteFunc(f.Classes, func(c Class) bool { return c == ClassAside })
	}
	return f
}

// both is the class of what changes all parts.
const both Class = "both"

func (c Class) parts() []Class {
	if c == both {
		return []Class{ClassDags, ClassImage}
	}
	return []Class{c}
}

// maxLinks bounds the names of one file, where links lead into themselves.
const maxLinks = 64

// names are the path, and those that the project's links give it.
func (t tree) names(changed string) []string {
	all := []string{changed}
	for i := 0; i < len(all) && len(all) < maxLinks; i++ {
		for _, link := range slices.Sorted(maps.Keys(t.links)) {
			to := t.links[link]
			rest, inside := below(all[i], to)
			if all[i] != to && !inside {
				continue
			}
			name := link
			if all[i] != to {
				name = link + "/" + rest
			}
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

func (p *planning) classOf(name string) (Class, string) {
	files := p.Config.Pipeline.Deployments
	for _, target := range slices.Sorted(maps.Keys(files)) {
		switch {
		case name != files[target]:
		case target == p.target.Name:
			return ClassConfiguration, "it configures the Deployment"
		default:
			return ClassAside, "it configures the Deployment of " + target
		}
	}
	within, ok := below(name, p.Project)
	switch {
	case path.Base(name) == ".gitattributes":
		return both, "it may change what a checkout holds"
	case name == "dagferry.yaml" || within == "dagferry.yaml":
		return ClassDags, "its settings may change how DAGs are bundled"
	case !ok:
		return ClassAside, "it is outside of " + p.Project + "/"
	default:
		return p.classInProject(within)
	}
}

var (
	builds = regexp.MustCompile(`^(Dockerfile|\.dockerignore|\.containerignore|Dockerfile\.dockerignore)$`)
	tests  = regexp.MustCompile(`^(tests?/|(pytest\.ini|conftest\.py|tox\.ini|\.coveragerc)$)`)
	docs   = regexp.MustCompile(`^(docs?/|[^/]*\.(md|rst)$|(LICENSE|NOTICE|CODEOWNERS)$)`)
	ci     = regexp.MustCompile(`^(\.github/|\.gitlab/|\.circleci/|\.harness/|\.astro/|\.vscode/|\.idea/|` +
		`(\.gitlab-ci\.yml|Jenkinsfile|azure-pipelines\.ya?ml|bitbucket-pipelines\.yml|buildspec\.ya?ml|\.drone\.ya?ml|` +
		`\.gitignore|\.gitmodules|\.pre-commit-config\.yaml|\.editorconfig)$)`)
	known = regexp.MustCompile(`^(plugins/|include/|requirements[^/]*\.txt$|packages\.txt$)`)
)

// classInProject knows the folders and files that an Astro project has. .airflowignore makes no difference: what it names is in the
// bundle all the same, and may be imported.
func (p *planning) classInProject(name string) (Class, string) {
	switch {
	case name == "dags" || strings.HasPrefix(name, "dags/"):
		return ClassDags, "in dags/"
	case builds.MatchString(name):
		return ClassImage, "it says how the image is built"
	case p.leftOut(name):
		return ClassAside, ".dockerignore leaves it out of the image"
	case known.MatchString(name):
		return ClassImage, "installed in the image"
	case tests.MatchString(name):
		return ClassAside, "tests"
	case docs.MatchString(name):
		return ClassAside, "documentation"
	case ci.MatchString(name):
		return ClassAside, "for CI, git or editors"
	default:
		return ClassImage, "the rest of the project is in the image"
	}
}

// leftOut reports whether a file certainly is not in the image.
func (p *planning) leftOut(name string) bool {
	if p.files.ignored == nil {
		return false
	}
	out, err := p.files.ignored.MatchesOrParentMatches(name)
	return err == nil && out
}
