package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/syncer"
)

// build builds the image, or finds the one that was asked for, and verifies that the Deployment can run it.
func (w *work) build(ctx context.Context) (string, error) {
	live, err := w.Target.Astro.Deployment(ctx, w.Target.Deployment)
	if err != nil {
		return "", err
	}
	if w.ImageName != "" {
		w.image, err = image.Find(ctx, w.ImageName, w.Images)
	} else {
		w.image, err = image.Build(ctx, w.Images)
	}
	if err != nil {
		return "", err
	}
	if err := w.image.Verify(live.AstroRuntimeVersion); err != nil {
		return "", err
	}
	w.Target.Build.Image = &syncer.Image{Digest: w.image.Digest(), Prebuilt: w.ImageName != "", Push: w.push}
	return fmt.Sprintf("Runtime %s (live: %s), %s", w.image.Runtime(), live.AstroRuntimeVersion, w.image.Digest()), nil
}

// upload sends the layers while no lease is held and no deploy begun, so that the push under the lease is one small manifest. Where they go,
// Astro says of each deploy; for the first one, nobody knows before.
func (w *work) upload(ctx context.Context) (string, error) {
	if w.Plan.ImageRepository == "" {
		w.Syncer.Budgets.Gather = firstPush
		return "", Skip("this is the first image, and Astro says with the deploy where it goes")
	}
	return "to " + w.Plan.ImageRepository, w.image.Upload(ctx, w.Plan.ImageRepository, w.Token, w.uploading)
}

// firstPush is the time to push a whole image under the lease: 4 GB at 20 Mbit/s.
const firstPush = 30 * time.Minute

func (w *work) push(ctx context.Context, repository, tag string) error {
	return w.image.Push(ctx, repository, tag, w.Token, w.uploading)
}

func (w *work) uploading(done, total int64) {
	w.Progress(fmt.Sprintf("upload the image: %d of %d MB", done>>20, total>>20))
}
