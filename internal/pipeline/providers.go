package pipeline

import (
	"regexp"
	"strings"
)

// provider is a CI: how a process knows that it runs there, and what its variables say. The title of the page that documents them stands
// above each.
type provider struct {
	name string
	here func(environment) bool
	read func(environment, *Build)
}

// providers are asked in this order. CodeBuild comes last, since it also runs the jobs of other CIs, and Harness before Drone, whose
// variables it sets as well.
func providers() []provider {
	set := func(names ...string) func(environment) bool {
		return func(e environment) bool { return e.get(names...) != "" }
	}
	return []provider{
		{"github", set("GITHUB_ACTIONS"), github},
		{"gitlab", set("GITLAB_CI"), gitlab},
		{"circleci", set("CIRCLECI"), circleci},
		{"azure", set("TF_BUILD"), azure},
		{"bitbucket", set("BITBUCKET_BUILD_NUMBER"), bitbucket},
		{"harness", set("HARNESS_BUILD_ID", "HARNESS_PIPELINE_ID"), drone},
		{"drone", set("DRONE"), drone},
		{"jenkins", set("JENKINS_URL", "JENKINS_HOME"), jenkins},
		{"codebuild", set("CODEBUILD_BUILD_ID"), codebuild},
	}
}

// GitHub Docs, "Variables reference": GITHUB_BASE_REF and GITHUB_HEAD_REF are there for pull_request and pull_request_target only;
// other events of a pull request are known by GITHUB_REF.
func github(e environment, b *Build) {
	b.Commit = e.get("GITHUB_SHA")
	b.ref(e.get("GITHUB_REF"))
	base := e.get("GITHUB_BASE_REF")
	if base != "" && b.Request == nil { // pull_request_target is built on the base's own ref
		b.Request = &Request{}
	}
	if b.Request != nil {
		b.Branch, b.Request.Source = base, e.get("GITHUB_HEAD_REF")
	}
}

// GitLab Docs, "Predefined CI/CD variables reference": CI_COMMIT_BRANCH is missing in pipelines of merge requests and tags.
func gitlab(e environment, b *Build) {
	b.Commit, b.Branch, b.Tag = e.get("CI_COMMIT_SHA"), e.get("CI_COMMIT_BRANCH"), e.get("CI_COMMIT_TAG")
	if id := e.get("CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"); id != "" {
		b.Branch = e.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME")
		b.Request = &Request{id, e.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME")}
	}
}

// CircleCI Docs, "Project values and variables": a push is built, whether or not its branch has a pull request
// (CIRCLE_PULL_REQUEST), such as a permanent branch that is to be promoted. Only a fork's pull request has CIRCLE_PR_NUMBER, and its
// branch is pull/N; into which branch it would go, is not said.
func circleci(e environment, b *Build) {
	b.Commit, b.Branch, b.Tag = e.get("CIRCLE_SHA1"), e.get("CIRCLE_BRANCH"), e.get("CIRCLE_TAG")
	number, fork := strings.CutPrefix(b.Branch, "pull/")
	if id := e.get("CIRCLE_PR_NUMBER"); id != "" || fork {
		if id == "" {
			id = number
		}
		b.Request, b.Branch = &Request{ID: id}, ""
	}
}

// Jenkins, "Pipeline: Global Variable Reference" (BRANCH_NAME, CHANGE_… of multibranch projects, TAG_NAME), and the Git plugin's page for
// GIT_BRANCH, which has the remote's name before the branch's.
func jenkins(e environment, b *Build) {
	b.Commit, b.Tag = e.get("GIT_COMMIT"), e.get("TAG_NAME")
	if b.Tag == "" {
		b.ref(strings.TrimPrefix(e.get("BRANCH_NAME", "GIT_LOCAL_BRANCH", "GIT_BRANCH"), "origin/"))
	}
	if id := e.get("CHANGE_ID"); id != "" {
		b.Branch, b.Request = e.get("CHANGE_TARGET"), &Request{id, e.get("CHANGE_BRANCH")}
	}
}

// Azure Pipelines, "Predefined variables": Build.SourceBranch is a whole ref, refs/pull/N/merge for a pull request, and
// System.PullRequest.TargetBranch is one for repositories of Azure, a bare name for GitHub's.
func azure(e environment, b *Build) {
	b.Commit = e.get("BUILD_SOURCEVERSION")
	b.ref(e.get("BUILD_SOURCEBRANCH"))
	id := e.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID")
	if id != "" || e.get("BUILD_REASON") == "PullRequest" {
		b.Request = &Request{id, head(e.get("SYSTEM_PULLREQUEST_SOURCEBRANCH"))}
		b.Branch = head(e.get("SYSTEM_PULLREQUEST_TARGETBRANCH"))
	}
}

// Bitbucket Cloud, "Variables and secrets": BITBUCKET_BRANCH is the source's branch, and missing for tags.
func bitbucket(e environment, b *Build) {
	b.Commit, b.Branch, b.Tag = e.get("BITBUCKET_COMMIT"), e.get("BITBUCKET_BRANCH"), e.get("BITBUCKET_TAG")
	if id := e.get("BITBUCKET_PR_ID"); id != "" {
		b.Request, b.Branch = &Request{id, b.Branch}, e.get("BITBUCKET_PR_DESTINATION_BRANCH")
	}
}

// Drone, "Environment reference", and Harness, "CI environment variables reference", which has the same: DRONE_BRANCH is the target of a
// pull request.
func drone(e environment, b *Build) {
	b.Commit, b.Branch, b.Tag = e.get("DRONE_COMMIT_SHA", "DRONE_COMMIT"), e.get("DRONE_TARGET_BRANCH", "DRONE_BRANCH"), e.get("DRONE_TAG")
	if id := e.get("DRONE_PULL_REQUEST"); id != "" || e.get("DRONE_BUILD_EVENT") == "pull_request" {
		b.Request = &Request{id, e.get("DRONE_SOURCE_BRANCH")}
	}
	if b.Tag != "" {
		b.Branch = "" // some source hosts tell the default branch
	}
}

// pinned is a CodeBuild source version that names no branch: a commit, an object of S3, a version of one.
var pinned = regexp.MustCompile(`^([0-9a-f]{7,64}|arn:.*)$`)

// AWS CodeBuild, "Environment variables in build environments": CODEBUILD_WEBHOOK_… are there for builds that a webhook began; others
// have what was asked for in CODEBUILD_SOURCE_VERSION, pr/N for a pull request.
func codebuild(e environment, b *Build) {
	b.Commit = e.get("CODEBUILD_RESOLVED_SOURCE_VERSION")
	version := e.get("CODEBUILD_WEBHOOK_TRIGGER", "CODEBUILD_SOURCE_VERSION")
	for _, kind := range []string{"branch/", "tag/", "pr/"} {
		name, is := strings.CutPrefix(version, kind)
		switch {
		case !is:
		case kind == "pr/":
			b.Request, b.Branch = &Request{name, head(e.get("CODEBUILD_WEBHOOK_HEAD_REF"))}, head(e.get("CODEBUILD_WEBHOOK_BASE_REF"))
			return
		case kind == "tag/":
			b.Tag = name
			return
		case e.get("CODEBUILD_WEBHOOK_TRIGGER") != "":
			b.Branch = name
			return
		}
	}
	if !pinned.MatchString(version) {
		name, _, _ := strings.Cut(version, "^{") // branch^{commit}
		b.ref(name)
	}
}
