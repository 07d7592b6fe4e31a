package doctor

import (
	"context"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/deployment"
)

// deployment asks Astro, and is false if it does not answer.
func (e *examining) deployment(ctx context.Context) bool {
	var err error
	if e.live, err = e.client.Settings(ctx, e.of.Deployment); err != nil {
		e.found(Blocks, "Deployment", "", "%v", err)
		return false
	}
	if e.live.Type == astro.DeploymentHybrid && !e.of.AllowHybrid {
		e.found(Blocks, "Deployment", "if that does not matter, set allowHybrid: true for the target",
			"it is a Hybrid one: Astro's own CLI adds a monitoring DAG to each of its deploys, and dagferry would remove it")
	}
	status := e.live.Status
	switch status {
	case astro.Healthy, astro.Deploying:
		e.found(OK, "Deployment", "", "%q is %s, on Runtime %s", e.live.Name, status, e.live.AstroRuntimeVersion)
	case astro.Creating:
		e.found(Blocks, "Deployment", "wait until Astro has made it", "%q is %s", e.live.Name, status)
	case astro.Hibernating:
		e.found(Warning, "Deployment", "to wake it: astro deployment wake-up "+e.live.ID, "%q is %s: what is deployed runs when it wakes", e.live.Name, status)
	default:
		e.found(Warning, "Deployment", "look at its page in Astro", "%q is %s", e.live.Name, status)
	}
	return true
}

// dagDeploys says whether DAGs can be deployed by themselves, which all need but a pipeline that may send an image instead.
func (e *examining) dagDeploys() {
	remedy := e.sets("dag_deploy_enabled: true", "astro deployment update "+e.live.ID+" --dag-deploy enable")
	switch ours := e.Pipeline != nil && e.Pipeline.Dags == config.DagsGit && len(e.of.Sources) == 0; {
	case e.live.IsDagDeployEnabled:
		e.found(OK, "DAG deploys", "", "on")
	case ours:
		e.found(Warning, "DAG deploys", remedy, "off: each change of a DAG takes an image along")
	default:
		e.found(Blocks, "DAG deploys", remedy, "off: the Deployment does not take DAG-only deploys")
	}
}

// cicd says whether CI/CD is enforced, and what that means for the token.
func (e *examining) cicd() {
	switch {
	case e.live.IsCicdEnforced && e.claims.IsPerson():
		e.found(Blocks, "CI/CD", astro.MakeToken, "enforced, and the token is a person's: Astro refuses its deploys")
	case e.live.IsCicdEnforced:
		e.found(OK, "CI/CD", "", "enforced: only API tokens deploy")
	case e.claims.IsPerson():
		e.found(Warning, "CI/CD", astro.MakeToken, "not enforced, so that a person's token deploys; it ends with a login, and is refused once CI/CD is enforced")
	default:
		e.found(Note, "CI/CD", "to enforce it: "+e.sets("ci_cd_enforcement: true", "astro deployment update "+e.live.ID+" --cicd-enforcement"),
			"not enforced: people may deploy, past the bucket and the pipeline")
	}
}

// sets says how to change a setting: by the target's file, or without one by the CLI's command.
func (e *examining) sets(line, command string) string {
	if file := e.configured(); file != "" {
		return "write " + line + " below configuration in " + file + ", then dagferry config apply --target " + e.of.Name
	}
	return command
}

// configured is the file that configures the Deployment, or "".
func (e *examining) configured() string {
	if e.Pipeline == nil {
		return ""
	}
	return e.Pipeline.Deployments[e.of.Name]
}

// configuration says whether Astro has what the target's file says.
func (e *examining) configuration(ctx context.Context) {
	path := e.configured()
	if path == "" {
		return
	}
	file, err := config.LoadDeployment(e.File(path), path)
	if err == nil {
		_, err = deployment.ID(file, e.of.Deployment, "")
	}
	if err != nil {
		e.found(Blocks, "configuration", "", "%v", err)
		return
	}
	d, err := deployment.Compare(ctx, e.client, e.of.Deployment, file)
	switch {
	case err != nil:
		e.found(Blocks, "configuration", "", "%v", err)
	case d.Empty():
		e.found(OK, "configuration", "", "as %s says", path)
	default:
		e.found(Note, "configuration", "to see them: dagferry config diff --target "+e.of.Name, "Astro differs from %s (differences: %d)", path, len(d.Changes))
	}
}
