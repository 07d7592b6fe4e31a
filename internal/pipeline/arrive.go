package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
)

// arriveEvery is far below Astro's limit of 25 reads a second.
const arriveEvery = 2 * time.Second

func (w *work) noWait() string {
	switch {
	case w.Run.Deploy == nil:
		return "nothing was deployed"
	case w.Wait <= 0:
		return "not waited for, as asked"
	default:
		return ""
	}
}

// arrive waits until the Deployment runs what was deployed. An image has arrived when the Deployment has its tag and is healthy; DAGs, when
// the version that is desired is the one that is there: they restart nothing, so that they say nothing of its health.
func (w *work) arrive(ctx context.Context) (string, error) {
	end := time.Now().Add(w.Wait)
	for {
		d, err := w.Target.Astro.Deployment(ctx, w.Target.Deployment)
		if err != nil {
			return "", err
		}
		missing, other := w.missing(d)
		if missing != "" && other == "" {
			if other, err = w.replaced(ctx, d); err != nil {
				return "", err
			}
		}
		switch {
		case other != "":
			return "", Skip("%s", other)
		case missing == "":
			w.Arrived = true
			return "the Deployment is " + strings.ToLower(d.Status), nil
		case d.Status == astro.Hibernating:
			return "", Skip("the Deployment hibernates: it runs what was deployed when it wakes up")
		case time.Now().After(end):
			return "", fault.Errorf(fault.Transient, "deploy %s was made, and has not arrived after %s: %s. Look at the Deployment in Astro; --wait waits longer", w.Run.Deploy.ID, w.Wait, missing)
		}
		w.Progress("waiting until it has arrived: " + missing)
		if err := syncer.Sleep(ctx, arriveEvery); err != nil {
			return "", err
		}
	}
}

// lookedBack is how many deploys may come while one is waited for; with more, the wait ends by itself.
const lookedBack = 20

// missing is what has not arrived, or "". other says so where another deploy took this one's place.
func (w *work) missing(d astro.Deployment) (missing, other string) {
	made := w.Run.Deploy
	if made.DagVersion != "" && d.DesiredDagTarballVersion != made.DagVersion {
		return "", fmt.Sprintf("the Deployment was told to run other DAGs since (version %s)", d.DesiredDagTarballVersion)
	}
	if made.DagVersion != "" && !d.DagsArrived() {
		if d.DagTarballVersion == "" {
			return "it runs no DAGs yet", ""
		}
		return fmt.Sprintf("it runs the DAGs of version %s", d.DagTarballVersion), ""
	}
	if w.image == nil {
		return "", ""
	}
	if made.ImageTag != d.ImageTag {
		return fmt.Sprintf("its image is %s", d.ImageTag), ""
	}
	if d.Status != astro.Healthy {
		return "it is " + strings.ToLower(d.Status), ""
	}
	return "", ""
}

// replaced says so if the Deployment runs the image of a later deploy: this one's will never arrive.
func (w *work) replaced(ctx context.Context, d astro.Deployment) (string, error) {
	if w.image == nil || d.ImageTag == w.Run.Deploy.ImageTag {
		return "", nil
	}
	deploys, err := w.Target.Astro.Deploys(ctx, w.Target.Deployment, lookedBack)
	for _, later := range deploys {
		if later.ID == w.Run.Deploy.ID {
			break
		}
		if later.ImageTag == d.ImageTag && carriesImage(later) {
			return fmt.Sprintf("the Deployment runs the image of deploy %s since", later.ID), nil
		}
	}
	return "", err
}
