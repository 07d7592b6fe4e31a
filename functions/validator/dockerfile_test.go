package validator_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// No base image can be had where there is no registry. So what the Dockerfile runs is run here, in a folder instead of
// /opt/dagferry and by an interpreter with Airflow, and then what its command would do, with nothing left that can be written.
func TestDockerfile_whatItRunsMakesAValidator(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "dagferry_validator"), os.DirFS("dagferry_validator")))
	for _, begins := range []string{"RUN python -c", "RUN mkdir home"} {
		run := instruction(t, begins)
		// What is installed here is compiled already, and other tests use it.
		run = strings.Replace(run, `$(tr : " " < home/packages) dagferry_validator`, "dagferry_validator", 1)
		run = strings.NewReplacer("/opt/dagferry", dir, "/tmp/packages", filepath.Join(dir, "packages"), "chown -R 0:0", ": chown").Replace(run)
		cmd := exec.Command("sh", "-c", run)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + filepath.Dir(python(t)) + ":/usr/bin:/bin", "DAGFERRY_VALIDATOR_HOME=" + filepath.Join(dir, "home")}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}

	packages, err := os.ReadFile(filepath.Join(dir, "home", "packages"))
	require.NoError(t, err)
	assert.Regexp(t, `^/.*/site-packages\n$`, string(packages))
	assert.FileExists(t, filepath.Join(dir, "home", "airflow.db"))
	compiled, err := filepath.Glob(filepath.Join(dir, "dagferry_validator", "__pycache__", "supervisor.*.pyc"))
	require.NoError(t, err)
	assert.Len(t, compiled, 1)
	for _, path := range []string{"home/airflow.db", "home", "dagferry_validator/supervisor.py"} {
		info, err := os.Stat(filepath.Join(dir, path))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o4), info.Mode().Perm()&0o006, "%s: all read it, and only root writes", path)
	}
}

// instruction is the instruction that begins so, with its lines joined.
func instruction(t *testing.T, begins string) string {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	joined := strings.ReplaceAll(string(text), "\\\n", "")
	for line := range strings.Lines(joined) {
		if strings.HasPrefix(line, begins) {
			return strings.TrimPrefix(strings.TrimSpace(line), "RUN ")
		}
	}
	require.Fail(t, "the Dockerfile has no "+begins)
	return ""
}

// The image runs as a user who owns nothing, and both of its commands are ones that other tests run.
func TestDockerfile_userAndCommands(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	for _, stage := range strings.Split(string(text), "\nFROM ")[1:3] {
		users := regexp.MustCompile(`(?m)^USER (.*)$`).FindAllStringSubmatch(stage, -1)
		require.NotEmpty(t, users)
		assert.Equal(t, "65532:65532", users[len(users)-1][1])
	}
	assert.Contains(t, string(text), `CMD ["python", "-m", "dagferry_validator", "serve"]`)
	assert.Contains(t, string(text), `CMD ["python", "-m", "awslambdaric", "dagferry_validator.aws.handler"]`)
	assert.Contains(t, string(text), "\nENTRYPOINT []\n")
}
