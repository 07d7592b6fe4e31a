package terraform_test

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

// expect_failures says which variable is refused, and not why: another of its validations may have done it. So each
// refusal is tried again on the variables alone, which needs no provider, and has to say what its comment says.
func TestRefusals_sayWhatToDo(t *testing.T) {
	work := workplace(t)
	modules, err := filepath.Glob("modules/*")
	require.NoError(t, err)
	for _, m := range modules {
		t.Run(filepath.Base(m), func(t *testing.T) {
			dir := filepath.Join(work, "messages", filepath.Base(m))
			says := apart(t, m, dir)
			terraform(t, dir, "init", "-input=false")
			results := filepath.Join(dir, "results.json")
			require.NoError(t, os.WriteFile(results, terraform(t, dir, "test", "-json"), 0o600))
			told := map[string]string{}
			all, err := messages(results)
			require.NoError(t, err)
			for _, m := range all {
				if m.Type == "diagnostic" {
					told[m.Run] += m.Diagnostic.Detail + "\n"
				}
			}
			for run, words := range says {
				assert.Contains(t, strings.Join(strings.Fields(told[run]), " "), words, run)
			}
			everyValidationIsTried(t, m, told)
		})
	}
}

// apart writes a module's variables, and each of its refusals as a test of its own, since Terraform skips what follows
// a run that fails. It returns what each has to say.
func apart(t *testing.T, module, dir string) map[string]string {
	t.Helper()
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "tests"), 0o750))
	for _, file := range []string{"variables.tf", "tests/empty.zip"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), read(t, filepath.Join(module, file)), 0o600))
	}
	all := string(read(t, filepath.Join(module, "tests/validations.tftest.hcl")))
	blocks := regexp.MustCompile(`(?m)^(run|variables|mock_provider) .*\{\n(?:.*\n)*?\}\n`).FindAllString(all, -1)
	says, common := map[string]string{}, ""
	for _, block := range blocks {
		if strings.HasPrefix(block, "variables") {
			common = block
		}
		if !strings.HasPrefix(block, "run") {
			continue
		}
		name := regexp.MustCompile(`^run "(\w+)"`).FindStringSubmatch(block)[1]
		words := regexp.MustCompile(`# says: (.+)\n`).FindStringSubmatch(block)
		require.NotEmpty(t, words, "%s has no line that says what it is told", name)
		says[name] = words[1]
		block = regexp.MustCompile(`(?m)^  expect_failures.*\n`).ReplaceAllString(block, "")
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tests", name+".tftest.hcl"), []byte(common+block), 0o600))
	}
	require.NotEmpty(t, says)
	return says
}

// terraform runs it; test fails here as it should.
func terraform(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), "terraform", args...)
	c.Dir = dir
	out, err := c.Output()
	if args[0] != "test" {
		require.NoError(t, err, "%s", out)
	}
	return out
}

// everyValidationIsTried: each message that the variables have was told by some refusal. Up to its first reference, that
// is: the rest is the values'.
func everyValidationIsTried(t *testing.T, module string, told map[string]string) {
	t.Helper()
	var all strings.Builder
	for _, words := range told {
		all.WriteString(words)
	}
	for _, words := range found(string(read(t, filepath.Join(module, "variables.tf"))), `error_message = "((?:[^"\\]|\\.)*)"`) {
		words, _, _ = strings.Cut(strings.ReplaceAll(words, `\"`, `"`), "${")
		assert.Contains(t, all.String(), words, "no refusal is told this")
	}
}
