package templates

import "fmt"

// Provider is a CI, by the name that dagferry plan has for it.
type Provider struct {
	Name string
	// File is the template's name in this folder, Path where the CI looks for it in a repository.
	File, Path string
	// Next is what remains to be done by hand, in words.
	Next string
}

// Providers are all of them, those that most people have first.
func Providers() []Provider {
	return []Provider{
		{"github", "github.yml", ".github/workflows/dagferry.yml",
			"In the repository's settings, make an environment for each branch, with the secret ASTRO_API_TOKEN, and let only that branch use it."},
		{"gitlab", "gitlab.yml", ".gitlab-ci.yml",
			"In Settings → CI/CD → Variables, set ASTRO_API_TOKEN, masked and protected, and protect the branches. One for each: its environment has the branch's name."},
		{"circleci", "circleci.yml", ".circleci/config.yml",
			"Make the context dagferry-deploy, with ASTRO_API_TOKEN, and limit it to the branches that are deployed."},
		{"jenkins", "Jenkinsfile", "Jenkinsfile",
			"Make a multibranch Pipeline, and the credential astro-api-token (secret text) in its folder."},
		{"azure", "azure.yml", "azure-pipelines.yml",
			"Make a pipeline of the file, and its variable ASTRO_API_TOKEN, secret."},
		{"bitbucket", "bitbucket.yml", "bitbucket-pipelines.yml",
			"In Repository settings → Repository variables, set ASTRO_API_TOKEN, secured."},
		{"codebuild", "codebuild.yml", "buildspec.yml",
			"Make the projects that the file's head describes: one for the branches that are deployed, and one without permissions for pull requests."},
		{"drone", "drone.yml", ".drone.yml",
			"Set the secrets astro_api_token, aws_access_key_id and aws_secret_access_key, not for pull requests."},
		{"harness", "harness.yaml", ".harness/dagferry.yaml",
			"Write your project, organization and connector into the file, set its secrets, and make triggers for pushes and pull requests."},
	}
}

// Find is the provider of a name.
func Find(name string) (Provider, error) {
	known := ""
	for _, p := range Providers() {
		if p.Name == name {
			return p, nil
		}
		known += ", " + p.Name
	}
	return Provider{}, fmt.Errorf("there is no template for %q. There are %s", name, known[2:])
}
