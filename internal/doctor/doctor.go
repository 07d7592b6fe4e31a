// Package doctor looks for what would keep deploys to a target from working, before one is made: the token, the Deployment's settings and
// its state, and whether state and sources can be read. It exists because each of these is otherwise found at the first run, one after the
// other. It changes nothing.
package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/target"
)

// Level is how much a finding matters.
type Level string

// Levels.
const (
	OK Level = "ok"
	// Note is what people may want to know or to set.
	Note Level = "note"
	// Warning is what will block, or may.
	Warning Level = "warning"
	// Blocks is what no deploy gets past.
	Blocks Level = "blocks"
)

// Finding is one thing that was looked at.
type Finding struct {
	Level Level `json:"level"`
	// About is token, organization, Deployment, DAG deploys, CI/CD, configuration, state or sources.
	About   string `json:"about"`
	Message string `json:"message"`
	// Remedy is what to do, "" where nothing is to be done or the message says it.
	Remedy string `json:"remedy"`
}

// Examination is what was found of one target.
type Examination struct {
	Target     string    `json:"target"`
	Deployment string    `json:"deployment"`
	Findings   []Finding `json:"findings"`
}

// Blocked reports whether a deploy cannot work.
func (e Examination) Blocked() bool {
	for _, f := range e.Findings {
		if f.Level == Blocks {
			return true
		}
	}
	return false
}

// Doctor examines targets.
type Doctor struct {
	Opener target.Opener
	// Pipeline is the configuration's, or nil.
	Pipeline *config.Pipeline
	// File is where a path of pipeline.deployments is.
	File func(path string) string
	// Now is time.Now.
	Now func() time.Time
}

// examining is an Examination in the making.
type examining struct {
	Doctor
	Examination
	of     config.Target
	client *astro.Client
	claims astro.Claims
	live   astro.Settings
}

// Examine looks at all there is of a target; what it cannot look at is a finding.
func (d Doctor) Examine(ctx context.Context, t config.Target) Examination {
	e := &examining{Doctor: d, of: t, Examination: Examination{Target: t.Name, Deployment: t.Deployment, Findings: []Finding{}}}
	if e.token(ctx) && e.deployment(ctx) {
		e.dagDeploys()
		e.cicd()
		e.configuration(ctx)
		e.places(ctx)
	}
	return e.Examination
}

func (e *examining) found(level Level, about, remedy, format string, args ...any) {
	e.Findings = append(e.Findings, Finding{level, about, fmt.Sprintf(format, args...), remedy})
}

// token looks at the token, and is false if there is none to go on with.
func (e *examining) token(ctx context.Context) bool {
	client, err := e.Opener.Astro(ctx, e.of)
	if err != nil {
		e.found(Blocks, "token", "", "%v", err)
		return false
	}
	e.client, e.claims = client, client.Claims()
	where := secret.Shown(e.of.Token)
	switch days, expires := e.claims.DaysLeft(e.Now()); {
	case !expires:
		e.found(OK, "token", "", "%s, in %s, which does not expire", whose(e.claims), where)
	case days < astro.FewDays:
		e.found(Warning, "token", astro.MakeToken, "%s, in %s, which expires on %s (days left: %d)", whose(e.claims), where, e.claims.Expires.Format(time.DateOnly), days)
	default:
		e.found(OK, "token", "", "%s, in %s, which expires on %s (days left: %d)", whose(e.claims), where, e.claims.Expires.Format(time.DateOnly), days)
	}
	if named := e.claims.Organization; named != "" && named != client.Organization() {
		e.found(Warning, "organization", "leave organization: out of the target", "%s is configured, and the token is one of %s", client.Organization(), named)
	} else {
		e.found(OK, "organization", "", "%s", client.Organization())
	}
	return true
}

// whose says what kind of token one is, as far as it tells.
func whose(c astro.Claims) string {
	switch {
	case c.IsPerson():
		return "a person's token"
	case c.Deployment != "":
		return "an API token of the Deployment " + c.Deployment
	case c.Workspace != "":
		return "an API token of the Workspace " + c.Workspace
	default:
		return "an API token of the organization"
	}
}
