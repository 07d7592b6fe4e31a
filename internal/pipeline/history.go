package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/state"
)

// Base is what a part of the Deployment, its image or its DAGs, is of.
type Base struct {
	// Commit is the one that was deployed, or "" when that is not known.
	Commit string `json:"commit"`
	// Deploy is the deploy that brought the part, and At when that was created; "" if there is none.
	Deploy string    `json:"deploy"`
	At     time.Time `json:"at,omitzero"`
	// RollbackBy is the deploy that rolled back to Deploy.
	RollbackBy string `json:"rollbackBy"`
	// Unknown says why nothing can be compared with it; "" if it can.
	Unknown string `json:"unknown"`

	// index is the deploy's place in the history, or its length.
	index int
}

// history is a Deployment's deploys, newest first, and what it runs.
type history struct {
	deployment astro.Deployment
	deploys    []astro.Deploy
	// whole: there are no older ones.
	whole bool
}

// A function deploys DAGs many times between two images, so that more of the history is read if the first page does not tell. 2,000
// deploys are 20 requests.
const (
	firstDeploys = 100
	mostDeploys  = 2000
)

// readHistory asks Astro what is live, and which commits that is of.
func (p *planning) readHistory(ctx context.Context) error {
	client, err := p.Astro(ctx, p.target)
	if err != nil {
		return err
	}
	h := &p.history
	if h.deployment, err = client.Deployment(ctx, p.Deployment); err != nil {
		return err
	}
	p.DagsInImage = !h.deployment.IsDagDeployEnabled
	for _, most := range []int{firstDeploys, mostDeploys} {
		if h.deploys, err = client.Deploys(ctx, p.Deployment, most); err != nil {
			return err
		}
		h.whole = len(h.deploys) < most
		p.ImageBase, p.DagBase, p.ImageRepository = h.base(ofImage()), h.base(ofDags()), h.repository()
		if h.whole || p.ImageBase.Deploy != "" && (p.DagBase.Deploy != "" || !p.ours()) {
			return nil
		}
	}
	return nil
}

// repository is where images go.
func (h history) repository() string {
	for _, d := range h.deploys {
		if d.Status == astro.StatusDeployed && !d.IsRollback() && carriesImage(d) {
			return d.ImageRepository
		}
	}
	return ""
}

// part is the image or the DAGs.
type part struct {
	carries func(astro.Deploy) bool
	// inImage: where a deploy carries it, it came in the image.
	inImage func(astro.Deploy) bool
	// live is what the Deployment runs of it, and what a deploy brought.
	live    func(astro.Deployment) string
	brought func(astro.Deploy) string
}

func ofImage() part {
	return part{
		carriesImage, func(astro.Deploy) bool { return true },
		func(d astro.Deployment) string { return d.ImageTag }, func(d astro.Deploy) string { return d.ImageTag },
	}
}

func ofDags() part {
	return part{
		carriesDags, func(d astro.Deploy) bool { return !d.IsDagDeployEnabled },
		func(d astro.Deployment) string { return d.DesiredDagTarballVersion }, func(d astro.Deploy) string { return d.DagTarballVersion },
	}
}

func carriesImage(d astro.Deploy) bool {
	return d.Type != astro.TypeDagOnly && d.Type != astro.TypeBundle
}

// carriesDags: an image brings its own dags/ while DAG-only deploys are switched off.
func carriesDags(d astro.Deploy) bool {
	return d.Type != astro.TypeBundle && (d.Type != astro.TypeImageOnly || !d.IsDagDeployEnabled)
}

// base finds the newest deploy that carries a part: past deploys that say nothing of it, and from a rollback on to the deploy that it
// went back to. A deploy without a commit ends the search too: what it brought is live, and of nobody knows which commit.
func (h history) base(of part) Base {
	var top astro.Deploy
	b := Base{index: len(h.deploys)}
	for i := 0; i < len(h.deploys); i++ {
		d := h.deploys[i]
		if d.Status != astro.StatusDeployed || !d.IsRollback() && !of.carries(d) {
			continue
		}
		if top.ID == "" {
			top = d
		}
		if !d.IsRollback() {
			b.index, b.Deploy, b.At = i, d.ID, d.CreatedAt
			return b.of(d).running(of.live(h.deployment), of.brought(top)).fromElsewhere(d, of)
		}
		to := slices.IndexFunc(h.deploys, func(o astro.Deploy) bool { return o.ID == d.RollbackFromID })
		if to <= i {
			b.RollbackBy, b.Unknown = d.ID, fmt.Sprintf("it was rolled back to the deploy %s, which the history does not have", d.RollbackFromID)
			return b
		}
		b.RollbackBy = d.ID
		i = to - 1
	}
	b.Unknown = "nothing was deployed yet"
	if len(h.deploys) > 0 {
		b.Unknown = "no deploy in the history brought it"
	}
	if !h.whole {
		b.Unknown = fmt.Sprintf("none of the newest %d deploys brought it", len(h.deploys))
	}
	return b
}

// of takes a deploy's commit.
func (b Base) of(d astro.Deploy) Base {
	switch {
	case !slices.Contains([]string{astro.TypeDagOnly, astro.TypeImageOnly, astro.TypeImageAndDag}, d.Type):
		b.Unknown = fmt.Sprintf("the deploy %s is of the type %q, which this version does not know", d.ID, d.Type)
	case d.Git == nil || d.Git.CommitSHA == "":
		b.Unknown = fmt.Sprintf("the deploy %s names no commit", d.ID)
	case !wholeID.MatchString(d.Git.CommitSHA):
		b.Unknown = fmt.Sprintf("the deploy %s names %q, which is no commit's whole id", d.ID, d.Git.CommitSHA)
	default:
		b.Commit = d.Git.CommitSHA
	}
	return b
}

// running doubts the history where the Deployment runs something else: of two deploys at once, the one that was finalized last wins, which
// may be the one that was created first.
func (b Base) running(live, brought string) Base {
	if live != "" && brought != "" && live != brought {
		b.Commit, b.Unknown = "", fmt.Sprintf("the Deployment runs %s, and its newest deploy brought %s", live, brought)
	}
	return b
}

// fromElsewhere doubts what a prebuilt image brought: the deploy's commit says nothing of it.
func (b Base) fromElsewhere(d astro.Deploy, of part) Base {
	if tag, ours := state.ParseTag(d.Description); ours && tag.Prebuilt && b.Unknown == "" && of.inImage(d) {
		b.Unknown = fmt.Sprintf("the deploy %s brought an image that was built elsewhere", d.ID)
	}
	return b
}

// before reports whether a commit was deployed before the base, and something else since.
func (h history) before(b Base, commit string, of part) bool {
	if b.Commit == commit {
		return false
	}
	for i := b.index + 1; i < len(h.deploys); i++ {
		d := h.deploys[i]
		if d.Status == astro.StatusDeployed && !d.IsRollback() && of.carries(d) && d.Git != nil && d.Git.CommitSHA == commit {
			return true
		}
	}
	return false
}
