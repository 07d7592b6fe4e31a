// Package templates has the CI files that people copy into their repositories, for each provider that the pipeline knows. They
// stand here as they are used: each is valid by itself, and a newcomer can read it. Render fills one in for a repository, which is what
// "dagferry init ci" writes.
//
// A comment at the end of a line says what the line depends on. "from dagferry.yaml" lines have branches, a target or a folder of the
// example in them; "image" lines are for projects with a Dockerfile, "dags" lines for those whose DAGs come from git.
package templates

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

//go:embed *.yml *.yaml Jenkinsfile
var files embed.FS

// Version is the release that the templates install. What a release is made of says the same.
const Version = "v1.0.0"

// Repository is what a template is filled in for.
type Repository struct {
	// Version is the release of dagferry to install, such as v1.0.0.
	Version string
	// Branches are those that are deployed; the first one is production's.
	Branches []string
	// Target is the one whose settings the checks of pull requests have.
	Target string
	// Project is the folder with dags/, from the repository's root, or ".".
	Project string
	// Image: the project has a Dockerfile. DAGs: its DAGs come from git.
	Image, DAGs bool
}

// Render fills a provider's template in. What could mean something to YAML, Groovy, a shell or a regular expression is refused.
func Render(p Provider, r Repository) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	text, err := files.ReadFile(p.File)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	var b strings.Builder
	values := r.values()
	for line := range strings.Lines(string(text)) {
		code, mark := cutMark(line)
		switch {
		case mark.image && !r.Image, mark.dags && !r.DAGs:
			continue
		case mark.filled:
			line = values.Replace(code) + mark.comment + " from dagferry.yaml\n"
		case mark.comment != "":
			line = strings.TrimRight(code, " ") + "\n"
		}
		b.WriteString(strings.ReplaceAll(line, Version, r.Version))
	}
	return []byte(b.String()), nil
}

// mark is what the comment at a line's end says: the sign that begins it, and the words behind it.
type mark struct {
	comment             string
	image, dags, filled bool
}

var marked = regexp.MustCompile(`^(.*[^ ] )(#|//) ((?:image|dags|from dagferry\.yaml)(?:, (?:image|dags|from dagferry\.yaml))*)\n$`)

func cutMark(line string) (code string, m mark) {
	found := marked.FindStringSubmatch(line)
	if found == nil {
		return line, m
	}
	words := strings.Split(found[3], ", ")
	has := func(word string) bool { return slices.Contains(words, word) }
	return found[1], mark{found[2], has("image"), has("dags"), has("from dagferry.yaml")}
}

// example are the values that the templates have; the marked lines hold at least one of them, in one of its forms.
func example() Repository {
	return Repository{Version: Version, Branches: []string{"main", "dev"}, Target: "prod", Project: ".", Image: true, DAGs: true}
}

// values replaces the example's values by the repository's.
func (r Repository) values() *strings.Replacer {
	var pairs []string
	mine := r.forms()
	for i, form := range example().forms() {
		pairs = append(pairs, form, mine[i])
	}
	return strings.NewReplacer(pairs...)
}

// forms are the ways in which the templates write a repository's values: a list (of YAML and of Groovy), a regular expression, a glob, and
// arguments of dagferry.
func (r Repository) forms() []string {
	var quoted, escaped []string
	for _, b := range r.Branches {
		quoted = append(quoted, "'"+b+"'")
		escaped = append(escaped, strings.ReplaceAll(regexp.QuoteMeta(b), "/", `\/`))
	}
	glob := r.Branches[0]
	if len(r.Branches) > 1 {
		glob = "{" + strings.Join(r.Branches, ",") + "}"
	}
	dags := "dags"
	if r.Project != "." {
		dags = r.Project + "/dags"
	}
	return []string{
		"[" + strings.Join(quoted, ", ") + "]", "(" + strings.Join(escaped, "|") + ")", "'" + glob + "'",
		"--branch " + r.Branches[0], "--target " + r.Target, "dagferry check " + dags, "dagferry test " + r.Project,
	}
}

// plain is what needs no quotes anywhere.
var plain = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`)

func (r Repository) check() error {
	if len(r.Branches) == 0 {
		return fmt.Errorf("there is no branch that is deployed: map one in pipeline.branches")
	}
	if !r.Image && !r.DAGs {
		return fmt.Errorf("the project %s has no Dockerfile, and its DAGs do not come from git: there is nothing that a CI would deploy", r.Project)
	}
	names := append([]string{r.Target, r.Version}, r.Branches...)
	if r.Project != "." {
		names = append(names, r.Project)
	}
	for _, name := range names {
		if !plain.MatchString(name) {
			return fmt.Errorf("%q has signs that mean something in a CI's file: copy the template by hand, and quote it there", name)
		}
	}
	return nil
}
