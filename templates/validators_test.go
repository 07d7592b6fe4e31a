package templates

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The validators are those of make tools.
const (
	schemas    = "../.cache/venv/templates/bin/check-jsonschema"
	actionlint = "../.cache/bin/actionlint"
)

// TestTemplates_validatorsFindNothing: actionlint reads GitHub's, and the schemas that providers publish judge theirs, in all forms. For
// Jenkins, CodeBuild and Harness there is no such program.
func TestTemplates_validatorsFindNothing(t *testing.T) {
	commands := map[string][]string{
		"github":    {"vendor.github-workflows"},
		"gitlab":    {"vendor.gitlab-ci", "--data-transform", "gitlab-ci"},
		"circleci":  {"vendor.circle-ci"},
		"azure":     {"vendor.azure-pipelines", "--data-transform", "azure-pipelines"},
		"bitbucket": {"vendor.bitbucket-pipelines"},
		"drone":     {"vendor.drone-ci"},
	}
	each(t, func(t *testing.T, p Provider, _ string) {
		t.Parallel()
		schema, is := commands[p.Name]
		if !is {
			assert.Contains(t, []string{"jenkins", "codebuild", "harness"}, p.Name)
			return
		}
		forms := write(t, p)
		validate(t, schemas, append(append([]string{"--regex-variant", "python", "--builtin-schema"}, schema...), forms...)...)
		if p.Name == "github" {
			validate(t, actionlint, append([]string{"-no-color"}, forms...)...)
		}
	})
}

func TestAction_itsSchemaFindsNothing(t *testing.T) {
	validate(t, schemas, "--builtin-schema", "vendor.github-actions", "../action.yml")
}

// write renders a template in its forms into files.
func write(t *testing.T, p Provider) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for name, r := range map[string]Repository{
		"whole": example(),
		"dags":  {Version: Version, Branches: []string{"main"}, Target: "prod", Project: ".", DAGs: true},
		"image": {Version: Version, Branches: []string{"main", "release/1.x"}, Target: "prod", Project: "airflow", Image: true},
	} {
		text, err := Render(p, r)
		require.NoError(t, err)
		path := filepath.Join(dir, name+".yml")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		paths = append(paths, path)
	}
	return paths
}

func validate(t *testing.T, program string, args ...string) {
	t.Helper()
	require.FileExists(t, program, "make tools builds and installs it")
	out, err := exec.Command(program, args...).CombinedOutput()
	said := string(out)
	if at := strings.Index(said, "Best Deep Match"); at >= 0 {
		said = said[at:]
	}
	assert.NoError(t, err, said)
}
