package pipeline_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/dagferry/dagferry/internal/pipeline"
)

func TestDetect(t *testing.T) {
	type env map[string]string
	request := func(id, source string) *pipeline.Request { return &pipeline.Request{ID: id, Source: source} }
	for name, tc := range map[string]struct {
		env  env
		want pipeline.Build
	}{
		"a laptop": {env{"BRANCH_NAME": "main"}, pipeline.Build{Provider: "laptop"}},

		"github push": {env{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/release/1", "GITHUB_SHA": "c", "GITHUB_BASE_REF": ""},
			pipeline.Build{Provider: "github", Branch: "release/1", Commit: "c"}},
		"github tag": {env{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/v1"}, pipeline.Build{Provider: "github", Tag: "v1"}},
		"github pull_request": {env{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "f"},
			pipeline.Build{Provider: "github", Branch: "main", Request: request("7", "f")}},
		"github pull_request_target": {env{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "f"},
			pipeline.Build{Provider: "github", Branch: "main", Request: request("", "f")}},
		"github pull_request_review": {env{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/7/merge"},
			pipeline.Build{Provider: "github", Request: request("7", "")}},
		"github on CodeBuild": {env{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "CODEBUILD_BUILD_ID": "x", "CODEBUILD_WEBHOOK_TRIGGER": "branch/other"},
			pipeline.Build{Provider: "github", Branch: "main"}},

		"gitlab push": {env{"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": "c"}, pipeline.Build{Provider: "gitlab", Branch: "main", Commit: "c"}},
		"gitlab tag":  {env{"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1", "CI_COMMIT_REF_NAME": "v1"}, pipeline.Build{Provider: "gitlab", Tag: "v1"}},
		"gitlab merge request": {env{"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "f"},
			pipeline.Build{Provider: "gitlab", Branch: "main", Request: request("7", "f")}},
		"gitlab external pull request": {env{"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "f", "CI_EXTERNAL_PULL_REQUEST_IID": "7", "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME": "main", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME": "f"},
			pipeline.Build{Provider: "gitlab", Branch: "main", Request: request("7", "f")}},

		"circleci push": {env{"CIRCLECI": "true", "CIRCLE_BRANCH": "dev", "CIRCLE_SHA1": "c", "CIRCLE_PULL_REQUEST": "https://github.com/a/b/pull/7"},
			pipeline.Build{Provider: "circleci", Branch: "dev", Commit: "c"}},
		"circleci tag": {env{"CIRCLECI": "true", "CIRCLE_TAG": "v1"}, pipeline.Build{Provider: "circleci", Tag: "v1"}},
		"circleci fork": {env{"CIRCLECI": "true", "CIRCLE_BRANCH": "pull/7", "CIRCLE_PR_NUMBER": "7"},
			pipeline.Build{Provider: "circleci", Request: request("7", "")}},
		"circleci fork without a number": {env{"CIRCLECI": "true", "CIRCLE_BRANCH": "pull/7"}, pipeline.Build{Provider: "circleci", Request: request("7", "")}},

		"jenkins multibranch": {env{"JENKINS_URL": "x", "BRANCH_NAME": "main", "GIT_COMMIT": "c", "GIT_BRANCH": "other"},
			pipeline.Build{Provider: "jenkins", Branch: "main", Commit: "c"}},
		"jenkins job":     {env{"JENKINS_HOME": "x", "GIT_BRANCH": "origin/feature/a"}, pipeline.Build{Provider: "jenkins", Branch: "feature/a"}},
		"jenkins tag":     {env{"JENKINS_URL": "x", "BRANCH_NAME": "v1", "TAG_NAME": "v1"}, pipeline.Build{Provider: "jenkins", Tag: "v1"}},
		"jenkins request": {env{"JENKINS_URL": "x", "BRANCH_NAME": "PR-7", "CHANGE_ID": "7", "CHANGE_TARGET": "main", "CHANGE_BRANCH": "f"}, pipeline.Build{Provider: "jenkins", Branch: "main", Request: request("7", "f")}},

		"azure push": {env{"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/a/b", "BUILD_SOURCEBRANCHNAME": "b", "BUILD_SOURCEVERSION": "c"},
			pipeline.Build{Provider: "azure", Branch: "a/b", Commit: "c"}},
		"azure tag": {env{"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/v1"}, pipeline.Build{Provider: "azure", Tag: "v1"}},
		"azure request": {env{"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/pull/7/merge", "SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main", "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/f"},
			pipeline.Build{Provider: "azure", Branch: "main", Request: request("7", "f")}},
		"azure request at GitHub": {env{"TF_BUILD": "True", "BUILD_REASON": "PullRequest", "BUILD_SOURCEBRANCH": "refs/pull/7/merge", "SYSTEM_PULLREQUEST_PULLREQUESTID": "99", "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "7", "SYSTEM_PULLREQUEST_TARGETBRANCH": "main"},
			pipeline.Build{Provider: "azure", Branch: "main", Request: request("7", "")}},

		"bitbucket push": {env{"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_BRANCH": "main", "BITBUCKET_COMMIT": "c"}, pipeline.Build{Provider: "bitbucket", Branch: "main", Commit: "c"}},
		"bitbucket tag":  {env{"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_TAG": "v1"}, pipeline.Build{Provider: "bitbucket", Tag: "v1"}},
		"bitbucket request": {env{"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_BRANCH": "f", "BITBUCKET_PR_ID": "7", "BITBUCKET_PR_DESTINATION_BRANCH": "main"},
			pipeline.Build{Provider: "bitbucket", Branch: "main", Request: request("7", "f")}},

		"codebuild push": {env{"CODEBUILD_BUILD_ID": "x", "CODEBUILD_WEBHOOK_TRIGGER": "branch/a/b", "CODEBUILD_RESOLVED_SOURCE_VERSION": "c", "CODEBUILD_SOURCE_VERSION": "0123456789"},
			pipeline.Build{Provider: "codebuild", Branch: "a/b", Commit: "c"}},
		"codebuild tag": {env{"CODEBUILD_BUILD_ID": "x", "CODEBUILD_WEBHOOK_TRIGGER": "tag/v1"}, pipeline.Build{Provider: "codebuild", Tag: "v1"}},
		"codebuild request": {env{"CODEBUILD_BUILD_ID": "x", "CODEBUILD_WEBHOOK_TRIGGER": "pr/7", "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main", "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/f"},
			pipeline.Build{Provider: "codebuild", Branch: "main", Request: request("7", "f")}},
		"codebuild by hand":           {env{"CODEBUILD_BUILD_ID": "x", "CODEBUILD_SOURCE_VERSION": "refs/heads/main^{0123456789}"}, pipeline.Build{Provider: "codebuild", Branch: "main"}},
		"codebuild by hand, a name":   {env{"CODEBUILD_BUILD_ID": "x", "CODEBUILD_SOURCE_VERSION": "branch/a"}, pipeline.Build{Provider: "codebuild", Branch: "branch/a"}},
		"codebuild by hand, a commit": {env{"CODEBUILD_BUILD_ID": "x", "CODEBUILD_SOURCE_VERSION": "0123456789"}, pipeline.Build{Provider: "codebuild"}},
		"codepipeline":                {env{"CODEBUILD_BUILD_ID": "x", "CODEBUILD_SOURCE_VERSION": "arn:aws:s3:::bucket/key"}, pipeline.Build{Provider: "codebuild"}},

		"drone push": {env{"DRONE": "true", "DRONE_BRANCH": "main", "DRONE_COMMIT_SHA": "c", "DRONE_BUILD_EVENT": "push"}, pipeline.Build{Provider: "drone", Branch: "main", Commit: "c"}},
		"drone tag":  {env{"DRONE": "true", "DRONE_BRANCH": "main", "DRONE_TAG": "v1", "DRONE_BUILD_EVENT": "tag"}, pipeline.Build{Provider: "drone", Tag: "v1"}},
		"drone request": {env{"DRONE": "true", "DRONE_BRANCH": "main", "DRONE_TARGET_BRANCH": "main", "DRONE_SOURCE_BRANCH": "f", "DRONE_PULL_REQUEST": "7", "DRONE_BUILD_EVENT": "pull_request"},
			pipeline.Build{Provider: "drone", Branch: "main", Request: request("7", "f")}},

		"harness push":    {env{"HARNESS_BUILD_ID": "1", "DRONE": "true", "DRONE_BRANCH": "main"}, pipeline.Build{Provider: "harness", Branch: "main"}},
		"harness request": {env{"HARNESS_BUILD_ID": "1", "DRONE_TARGET_BRANCH": "main", "DRONE_SOURCE_BRANCH": "f", "DRONE_PULL_REQUEST": "7"}, pipeline.Build{Provider: "harness", Branch: "main", Request: request("7", "f")}},
	} {
		t.Run(name, func(t *testing.T) {
			got := pipeline.Detect(func(name string) (string, bool) { v, ok := tc.env[name]; return v, ok })
			assert.Equal(t, tc.want, got)
		})
	}
}
