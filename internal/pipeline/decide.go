package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
)

// need is whether a part has to be deployed, and why, or why not.
type need struct {
	is  bool
	why string
}

// decide makes the decision: what the parts need, what the Deployment takes, and what was asked for.
func (p *planning) decide(ctx context.Context) error {
	dags, image := p.needsDags(), p.needsImage()
	if err := p.configuration(ctx); err != nil {
		return err
	}
	p.noteRollback()
	if p.asked.Type != "" {
		return p.obey(dags, image)
	}
	if err := p.possible(dags, image); err != nil {
		return err
	}
	p.Decision = p.decision(dags.is, image.is)
	p.because(dags.why, image.why)
	return nil
}

// decision is what parts that need it make.
func (p *planning) decision(dags, image bool) Decision {
	switch {
	case p.DagsInImage && (dags || image):
		return ImageAndDag // the image brings its own dags/
	case dags && image:
		return ImageAndDag
	case dags:
		return DagOnly
	case image:
		return ImageOnly
	case p.ConfigurationFile != "":
		return Configuration
	default:
		return Nothing
	}
}

func (p *planning) needsDags() need {
	switch p.Dags {
	case config.DagsBucket:
		return need{false, "DAGs: left alone, they come from a bucket (pipeline.dags: bucket)"}
	case config.DagsElsewhere:
		return need{false, "DAGs: left alone, they are deployed elsewhere (pipeline.dags: elsewhere)"}
	default:
		return p.needs("DAGs", ClassDags, p.DagBase, p.dags)
	}
}

func (p *planning) needsImage() need {
	if p.asked.Image != "" {
		return need{true, fmt.Sprintf("image: %s is asked for", Quoted(p.asked.Image))}
	}
	if !p.files.dockerfile {
		return need{false, fmt.Sprintf("image: left alone, there is no Dockerfile in %s to build one from", p.folder())}
	}
	return p.needs("image", ClassImage, p.ImageBase, p.image)
}

// needs is a part's need: it has to be deployed if a file of it changed, or if nobody knows.
func (p *planning) needs(name string, class Class, base Base, files []File) need {
	if base.Unknown != "" {
		return need{true, fmt.Sprintf("%s: deployed whole, for %s", name, base.Unknown)}
	}
	since := fmt.Sprintf("since %s (deploy %s of %s UTC)", short(base.Commit), base.Deploy, base.At.UTC().Format(time.DateTime))
	switch changed := p.count(files, class); changed {
	case 0:
		return need{false, fmt.Sprintf("%s: no change %s", name, since)}
	case 1:
		return need{true, fmt.Sprintf("%s: 1 file changed %s", name, since)}
	default:
		return need{true, fmt.Sprintf("%s: %d files changed %s", name, changed, since)}
	}
}

// count is how many files of a class there are, those in no commit included if they are taken along.
func (p *planning) count(files []File, class Class) int {
	if p.asked.AllowDirty {
		files = slices.Concat(files, p.Dirty)
	}
	paths := map[string]bool{}
	for _, f := range files {
		if f.Is(class) {
			paths[f.Path] = true
		}
	}
	return len(paths)
}

// configuration is due when its file changed since any of the bases, or when one that counts is unknown: to compare it once too often changes nothing.
func (p *planning) configuration(ctx context.Context) error {
	file := p.Config.Pipeline.Deployments[p.target.Name]
	unknown := p.ours() && p.DagBase.Unknown != "" || p.files.dockerfile && p.ImageBase.Unknown != ""
	if file == "" || p.count(p.Files, ClassConfiguration) == 0 && !unknown {
		return nil
	}
	there, err := p.repo.has(ctx, p.tree, file)
	switch {
	case err != nil:
		return err
	case there || p.count(nil, ClassConfiguration) > 0: // the second, if it is taken along in no commit
		p.ConfigurationFile = file
	default:
		p.note("there is no %s in the commit: the Deployment's configuration is left alone", Quoted(file))
	}
	return nil
}

// because notes the reasons.
func (p *planning) because(parts ...string) {
	p.Reasons = append(p.Reasons, parts...)
	if p.ConfigurationFile != "" {
		p.Reasons = append(p.Reasons, "configuration: to be compared with "+Quoted(p.ConfigurationFile))
	}
	if p.DagsInImage && p.ours() {
		p.Reasons = append(p.Reasons, "DAG-only deploys are switched off for the Deployment: DAGs travel in the image")
	}
}

// possible refuses what the Deployment does not take.
func (p *planning) possible(dags, image need) error {
	switch {
	case !p.DagsInImage || !dags.is && !image.is:
		return nil
	case !p.ours():
		return fault.Errorf(fault.Denied, "DAG-only deploys are switched off for the Deployment %s: an image would bring its own dags/ and replace the DAGs, "+
			"which are not this pipeline's (pipeline.dags: %s). Switch them on: astro deployment update %s --dag-deploy enable", p.Deployment, p.Dags, p.Deployment)
	case !p.files.dockerfile && p.asked.Image == "":
		return fault.Errorf(fault.Denied, "DAG-only deploys are switched off for the Deployment %s, and there is no Dockerfile in %s to build an image with the DAGs from. "+
			"Switch them on: astro deployment update %s --dag-deploy enable", p.Deployment, p.folder(), p.Deployment)
	default:
		return nil
	}
}

// obey takes the type that was asked for, or refuses it.
func (p *planning) obey(dags, image need) error {
	withDags, withImage := p.asked.Type != astro.TypeImageOnly, p.asked.Type != astro.TypeDagOnly
	refuse := func(format string, args ...any) error {
		return fault.Errorf(fault.Denied, "a deploy of type %s is asked for: %s", p.asked.Type, fmt.Sprintf(format, args...))
	}
	switch {
	case withDags && !p.ours():
		return refuse("the DAGs are not this pipeline's to deploy (pipeline.dags: %s); ask for IMAGE_ONLY, or for nothing", p.Dags)
	case !withImage && p.asked.Image != "":
		return refuse("that brings no image, and %s is to be deployed", Quoted(p.asked.Image))
	case withImage && !p.files.dockerfile && p.asked.Image == "":
		return refuse("there is no Dockerfile in %s to build an image from", p.folder())
	case p.DagsInImage && p.asked.Type != astro.TypeImageAndDag:
		return refuse("DAG-only deploys are switched off for the Deployment %s, so that an image brings its own DAGs; ask for IMAGE_AND_DAG, or switch them on", p.Deployment)
	}
	if dags.is && !withDags {
		p.note("not deployed, as asked: %s", dags.why)
	}
	if image.is && !withImage {
		p.note("not deployed, as asked: %s", image.why)
	}
	p.Decision = Decision(p.asked.Type)
	p.because(p.asked.Type+" is asked for", dags.why, image.why)
	return nil
}

func (p *planning) noteRollback() {
	for _, part := range []struct {
		name string
		ours bool
		base Base
	}{{"image", p.files.dockerfile, p.ImageBase}, {"DAGs", p.ours(), p.DagBase}} {
		if part.ours && part.base.RollbackBy != "" {
			p.note("somebody rolled the %s back to what deploy %s brought (deploy %s); a deploy undoes that", part.name, part.base.Deploy, part.base.RollbackBy)
		}
	}
}

// folder is the project's, for people.
func (p *planning) folder() string {
	if p.Project == "." {
		return "the repository's root"
	}
	return p.Project + "/"
}
