package pipeline

import (
	"context"
	"fmt"
)

// refuse lists why the plan must not be carried out.
func (p *planning) refuse(ctx context.Context) error {
	add := func(rule, format string, args ...any) {
		p.Refused = append(p.Refused, Refusal{rule, fmt.Sprintf(format, args...)})
	}
	if p.Request != nil {
		add(RulePullRequest, "this is a build of a pull request: it says what merging would do, and deploys nothing")
	}
	if len(p.Dirty) > 0 && !p.asked.AllowDirty {
		add(RuleDirty, "changes of %s are in no commit, and a deploy would take them along: commit them, or use --allow-dirty", andMore(p.Dirty))
	}
	older, err := p.older(ctx)
	if older != "" && !p.asked.AllowOlder {
		add(RuleOlder, "%s: deploying it would undo what was deployed since. If that is what you want, use --allow-older", older)
	}
	return err
}

// older says so if a deploy would go back to a commit from before the live one: an old build that is run again, or a branch that was set back.
// Where the clone does not reach, the deploy history tells.
func (p *planning) older(ctx context.Context) (string, error) {
	if p.Decision == Nothing || p.Request != nil {
		return "", nil
	}
	for _, part := range []struct {
		ours bool
		base Base
		of   part
	}{{p.files.dockerfile, p.ImageBase, ofImage()}, {p.ours(), p.DagBase, ofDags()}} {
		if !part.ours || part.base.Commit == "" || part.base.Commit == p.Head {
			continue
		}
		if p.history.before(part.base, p.Head, part.of) {
			return fmt.Sprintf("%s was deployed before, and %s since (deploy %s)", short(p.Head), short(part.base.Commit), part.base.Deploy), nil
		}
		if part.base.Unknown != "" {
			continue
		}
		is, err := p.repo.isAncestor(ctx, p.Head, part.base.Commit)
		if err != nil {
			return "", err
		}
		if is {
			return fmt.Sprintf("%s is older than %s, which is live (deploy %s)", short(p.Head), short(part.base.Commit), part.base.Deploy), nil
		}
	}
	return "", nil
}

// andMore names the first of some files.
func andMore(files []File) string {
	first := Quoted(files[0].Path)
	switch more := len(files) - 1; more {
	case 0:
		return first
	case 1:
		return first + " and 1 more file"
	default:
		return fmt.Sprintf("%s and %d more files", first, more)
	}
}
