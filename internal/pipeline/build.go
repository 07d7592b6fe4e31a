package pipeline

import "strings"

// Laptop is the provider when no CI is known.
const Laptop = "laptop"

// Build is what a CI says about the build that it makes. What it does not say is "".
type Build struct {
	// Provider is github, gitlab, circleci, jenkins, azure, bitbucket, codebuild, drone, harness or laptop.
	Provider string `json:"provider"`
	// Branch is the one that is built; for a pull request, the one that it would be merged into.
	Branch string `json:"branch"`
	// Tag is the one that is built.
	Tag string `json:"tag"`
	// Commit is the commit that was to be built.
	Commit string `json:"commit"`
	// Request is the pull request (GitLab: merge request) that is built. Nothing is deployed from one.
	Request *Request `json:"request"`
}

// Request is a pull request, or merge request.
type Request struct {
	// ID is its number. Source is the branch that it would merge, where the CI says it.
	ID     string `json:"id"`
	Source string `json:"source"`
}

// environment looks up variables; one that is empty is as good as none.
type environment func(string) (string, bool)

func (e environment) get(names ...string) string {
	for _, name := range names {
		if v, _ := e(name); v != "" {
			return v
		}
	}
	return ""
}

// Detect finds the CI that runs this process by its variables, and what it builds. lookup is os.LookupEnv.
func Detect(lookup func(string) (string, bool)) Build {
	e := environment(lookup)
	for _, p := range providers() {
		if p.here(e) {
			b := Build{Provider: p.name}
			p.read(e, &b)
			if b.Request != nil {
				b.Tag = ""
			}
			return b
		}
	}
	return Build{Provider: Laptop}
}

// ref takes a build's ref: refs/heads/main, refs/tags/v1, refs/pull/7/merge, or a branch's bare name. A pull request's says which it is, and
// not where it would go.
func (b *Build) ref(ref string) {
	switch {
	case strings.HasPrefix(ref, "refs/tags/"):
		b.Tag = strings.TrimPrefix(ref, "refs/tags/")
	case strings.HasPrefix(ref, "refs/pull/"), strings.HasPrefix(ref, "refs/merge-requests/"), strings.HasPrefix(ref, "refs/pull-requests/"):
		b.Request = &Request{ID: strings.Split(ref, "/")[2]}
	default:
		b.Branch = head(ref)
	}
}

// head is a branch's name, with or without refs/heads/ before it.
func head(ref string) string { return strings.TrimPrefix(ref, "refs/heads/") }
