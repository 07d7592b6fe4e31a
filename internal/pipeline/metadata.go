package pipeline

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"github.com/dagferry/dagferry/internal/astro"
)

// metadata is the commit of a plan as a deploy is recorded with it, nil if what is deployed is of none.
func (p Plan) metadata(ctx context.Context) (*astro.Git, error) {
	if len(p.Dirty) > 0 {
		return nil, nil
	}
	repo := repository{p.Root}
	author, _, err := repo.git(ctx, nil, "show", "--no-patch", "--no-show-signature", "--format=%an", p.Head)
	if err != nil {
		return nil, err
	}
	remote, _, err := repo.git(ctx, []int{1, 2, 128}, "remote", "get-url", "origin")
	if err != nil {
		return nil, err
	}
	g := hosted(strings.TrimSpace(remote))
	g.Branch, g.CommitSHA, g.AuthorName = p.Branch, p.Head, strings.TrimSpace(author)
	if p.Project != "." {
		g.Path = p.Project
	}
	if g.Provider == "GITHUB" {
		g.CommitURL = "https://github.com/" + g.Account + "/" + g.Repo + "/commit/" + p.Head
	}
	return &g, nil
}

// scp is git's short form of an SSH address, user@host:path.
var scp = regexp.MustCompile(`^(?:[^@/]+@)?([A-Za-z0-9.-]+):([^/].*)$`)

// hosted is where a repository comes from, without the credentials that a CI may have put into its address.
func hosted(remote string) astro.Git {
	if m := scp.FindStringSubmatch(remote); m != nil && !strings.Contains(remote, "://") {
		remote = "ssh://" + m[1] + "/" + m[2]
	}
	at, err := url.Parse(remote)
	if err != nil || at.Host == "" {
		return astro.Git{Provider: "GENERIC"} // a path on this machine, or what may hold a password: nobody else's to know
	}
	at.User, at.RawQuery, at.Fragment = nil, "", ""
	parts := strings.Split(strings.TrimSuffix(strings.Trim(at.Path, "/"), ".git"), "/")
	if at.Hostname() == "github.com" && len(parts) == 2 {
		return astro.Git{Provider: "GITHUB", Account: parts[0], Repo: parts[1]}
	}
	return astro.Git{Provider: "GENERIC", RemoteURL: at.String()}
}
