package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/parse/embedded"
	"github.com/dagferry/dagferry/templates"
)

// job is where a template has the commands of a job, as keys and indices (for Jenkins, a stage's name), and what its CI sets.
type job struct{ at, environment []string }

func deployJobs() map[string]job {
	return map[string]job{
		"gitlab":    {[]string{"default.before_script", "deploy.script"}, []string{"GITLAB_CI=true", "CI_COMMIT_BRANCH=main"}},
		"circleci":  {[]string{"commands.install.steps.1.run.command", "jobs.deploy.steps.1.run.command"}, []string{"CIRCLECI=true", "CIRCLE_BRANCH=main", "BASH_ENV=/dev/null"}},
		"azure":     {[]string{"jobs.1.steps.1.bash", "jobs.1.steps.2.bash"}, []string{"TF_BUILD=True", "BUILD_SOURCEBRANCH=refs/heads/main"}},
		"bitbucket": {[]string{"pipelines.branches.main.0.step.script"}, []string{"BITBUCKET_BUILD_NUMBER=1", "BITBUCKET_BRANCH=main"}},
		"codebuild": {[]string{"phases.install.commands", "phases.build.commands"}, []string{"CODEBUILD_BUILD_ID=1", "CODEBUILD_WEBHOOK_EVENT=PUSH", "CODEBUILD_WEBHOOK_TRIGGER=branch/main"}},
		"jenkins":   {[]string{"Install dagferry", "Deploy"}, []string{"JENKINS_URL=http://127.0.0.1/", "BRANCH_NAME=main"}},
		"drone":     {[]string{"steps.1.commands"}, []string{"DRONE=true", "DRONE_BRANCH=main"}},
		"harness":   {[]string{"pipeline.stages.0.stage.spec.execution.steps.1.step.spec.command"}, []string{"HARNESS_BUILD_ID=1", "DRONE_BRANCH=main"}},
	}
}

func checkJobs() map[string]job {
	return map[string]job{
		"gitlab":    {[]string{"default.before_script", "check.script", "plan.script"}, []string{"GITLAB_CI=true", "CI_MERGE_REQUEST_IID=7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main"}},
		"circleci":  {[]string{"commands.install.steps.1.run.command", "jobs.check.steps.1.run", "jobs.check.steps.2.run.command", "jobs.check.steps.4.run.command"}, []string{"CIRCLECI=true", "CIRCLE_BRANCH=feature", "BASH_ENV=/dev/null"}},
		"azure":     {[]string{"jobs.0.steps.1.bash", "jobs.0.steps.2.bash", "jobs.0.steps.4.bash"}, []string{"TF_BUILD=True", "BUILD_REASON=PullRequest", "SYSTEM_PULLREQUEST_TARGETBRANCH=main", "AGENT_TEMPDIRECTORY=/tmp"}},
		"bitbucket": {[]string{"pipelines.pull-requests.**.1.step.script", "pipelines.pull-requests.**.0.step.script"}, []string{"BITBUCKET_BUILD_NUMBER=1", "BITBUCKET_PR_ID=7", "BITBUCKET_PR_DESTINATION_BRANCH=main"}},
		"codebuild": {[]string{"phases.install.commands", "phases.build.commands"}, []string{"CODEBUILD_BUILD_ID=1", "CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_CREATED", "CODEBUILD_WEBHOOK_TRIGGER=pr/7", "CODEBUILD_WEBHOOK_BASE_REF=refs/heads/main"}},
		"jenkins":   {[]string{"Install dagferry", "Check", "Plan"}, []string{"JENKINS_URL=http://127.0.0.1/", "BRANCH_NAME=PR-7", "CHANGE_ID=7", "CHANGE_TARGET=main"}},
		"drone":     {[]string{"steps.0.commands"}, []string{"DRONE=true", "DRONE_PULL_REQUEST=7", "DRONE_TARGET_BRANCH=main"}},
		"harness":   {[]string{"pipeline.stages.0.stage.spec.execution.steps.0.step.spec.command"}, []string{"HARNESS_BUILD_ID=1", "DRONE_PULL_REQUEST=7", "DRONE_TARGET_BRANCH=main"}},
	}
}

// TestTemplates_jobsWork runs the commands of the templates in bash, with the variables that their CIs set: what the schemas of CIs cannot
// tell. The CI itself, its images and its secrets are not there.
func TestTemplates_jobsWork(t *testing.T) {
	for _, p := range templates.Providers() {
		if p.Name == "github" { // act runs it
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			text, err := templates.Render(p, templates.Repository{Version: ownVersion(), Branches: []string{"main"}, Target: "prod", Project: ".", DAGs: true})
			require.NoError(t, err)
			w := newCI(t)
			out, err := w.run(t, text, checkJobs()[p.Name])
			require.NoError(t, err, out)
			assert.NotContains(t, out, "prod: deployed")
			if p.Name != "drone" && p.Name != "harness" { // those have no plan
				assert.Contains(t, out, "prod: DAG_ONLY")
			}
			out, err = w.run(t, text, deployJobs()[p.Name])
			require.NoError(t, err, out)
			assert.Contains(t, out, "prod: deployed DAG_ONLY as clsim")
			w.commit(t, "import airflow  # a dag\ndef f(:\n")
			out, err = w.run(t, text, checkJobs()[p.Name])
			assert.Error(t, err)
			assert.Contains(t, out, "dags/etl.py:2:")
		})
	}
}

// ci is a machine of a CI's with a clone of a repository.
type ci struct {
	repository  string
	environment []string
}

func newCI(t *testing.T) ci {
	t.Helper()
	dir := t.TempDir()
	w := ci{repository: filepath.Join(dir, "repository")}
	require.NoError(t, os.MkdirAll(filepath.Join(w.repository, "dags"), 0o700))
	text := "version: 1\ntargets: [{name: prod, deployment: clx1, token: env://ASTRO_API_TOKEN, state: file://" + dir + "/state}]\npipeline: {branches: {main: prod}}\n"
	require.NoError(t, os.WriteFile(filepath.Join(w.repository, "dagferry.yaml"), []byte(text), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "dagferry")))
	python, err := embedded.Interpreter()
	require.NoError(t, err)
	sim := astrotest.Start(t, astrotest.Options{})
	w.environment = []string{
		"HOME=" + dir, "PATH=" + dir + ":" + os.Getenv("PATH"), "DAGFERRY_PYTHON=" + python, "DAGFERRY_VERSION=" + ownVersion(),
		"ASTRO_API_URL=" + sim.URL(), "ASTRO_API_TOKEN=" + sim.Token(astrotest.TokenOptions{}),
	}
	out, err := w.bash("git init -q -b main", nil)
	require.NoError(t, err, out)
	w.commit(t, "print(1)\n")
	return w
}

// commit makes a commit of the DAG.
func (w ci) commit(t *testing.T, dag string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(w.repository, "dags", "etl.py"), []byte(dag), 0o600))
	out, err := w.bash("git add --all && git -c user.name=Ann -c user.email=ann@example.com commit -q -m dag", nil)
	require.NoError(t, err, out)
}

// run runs a job's commands in what is as good as a new clone.
func (w ci) run(t *testing.T, text []byte, j job) (string, error) {
	t.Helper()
	var document any
	if j.at[0] == "Install dagferry" {
		document = stages(string(text))
	} else {
		require.NoError(t, yaml.Unmarshal(text, &document))
	}
	script := []string{"git clean -ffdxq"}
	for _, at := range j.at {
		commands := commandsAt(t, document, at)
		require.NotEmpty(t, commands, at)
		script = append(script, commands...)
	}
	return w.bash(strings.Join(script, "\n"), j.environment)
}

// stages are the shell commands of a Jenkinsfile, by the names of its stages.
func stages(text string) any {
	all := map[string]any{}
	steps := regexp.MustCompile(`(?s)\bsh '(?:''(.*?)'')?([^'\n]*)'`)
	for _, stage := range strings.Split(text, "stage('")[1:] {
		name, body, _ := strings.Cut(stage, "')")
		var commands []any
		for _, step := range steps.FindAllStringSubmatch(body, -1) {
			commands = append(commands, strings.ReplaceAll(step[1]+step[2], `\\`, `\`))
		}
		all[name] = commands
	}
	return all
}

func (w ci) bash(script string, environment []string) (string, error) {
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = w.repository, append(append([]string{}, w.environment...), environment...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var number = regexp.MustCompile(`^[0-9]+$`)

// commandsAt finds a command or a list of commands in a document.
func commandsAt(t *testing.T, document any, path string) []string {
	t.Helper()
	for key := range strings.SplitSeq(path, ".") {
		switch d := document.(type) {
		case map[string]any:
			document = d[key]
		case []any:
			require.Regexp(t, number, key, path)
			i := 0
			_, err := fmt.Sscan(key, &i)
			require.NoError(t, err)
			require.Less(t, i, len(d), path)
			document = d[i]
		default:
			require.Fail(t, "nothing is there", "%s at %s", path, key)
		}
	}
	if one, is := document.(string); is {
		return []string{one}
	}
	var all []string
	for _, c := range document.([]any) {
		all = append(all, c.(string))
	}
	return all
}
