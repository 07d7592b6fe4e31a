package config

import (
	"fmt"
	"os"
	"path/filepath"
)

// Env is what the environment says.
type Env struct {
	// Lookup is os.LookupEnv.
	Lookup func(string) (string, bool)
}

// OS is the process's environment.
func OS() Env { return Env{os.LookupEnv} }

func (e Env) get(name string) string {
	v, _ := e.Lookup(name)
	return v
}

// AstroURL overrides Astro's address: ASTRO_API_URL, or "".
func (e Env) AstroURL() string { return e.get("ASTRO_API_URL") }

// Interpreter is the path of a Python interpreter that wins over the packaged one: DAGFERRY_PYTHON, or "".
func (e Env) Interpreter() string { return e.get("DAGFERRY_PYTHON") }

// InGitHubActions is whether a GitHub Actions runner reads what is printed: GITHUB_ACTIONS is true.
func (e Env) InGitHubActions() bool { return e.get("GITHUB_ACTIONS") == "true" }

// Repository is where GitHub Actions has checked out the repository: GITHUB_WORKSPACE, or "".
func (e Env) Repository() string { return e.get("GITHUB_WORKSPACE") }

// StepSummary and StepOutput are files of GitHub Actions that a step adds to, its part of the job's summary and its outputs:
// GITHUB_STEP_SUMMARY and GITHUB_OUTPUT, or "".
func (e Env) StepSummary() string { return e.get("GITHUB_STEP_SUMMARY") }

// StepOutput is described at StepSummary.
func (e Env) StepOutput() string { return e.get("GITHUB_OUTPUT") }

// Find looks for a dagferry.yaml in dir, and above it as far as its git checkout reaches: further up, such as in /tmp, it
// may be somebody else's, and it decides what is deployed with the caller's token.
func Find(dir string) (string, error) {
	root := Checkout(dir)
	for d := dir; ; d = filepath.Dir(d) {
		path := filepath.Join(d, "dagferry.yaml")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if d == root || d == filepath.Dir(d) {
			return "", fmt.Errorf("there is no dagferry.yaml in %s or in its checkout above it; name one with --config", dir)
		}
	}
}

// Checkout is the git checkout around a folder, or the folder itself: what paths of a pipeline begin at.
func Checkout(dir string) string {
	for d := dir; d != filepath.Dir(d); d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, ".git")); err == nil {
			return d
		}
	}
	return dir
}
