package astrotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runtimeLabel is where an image says its Astro Runtime [seen].
const runtimeLabel = "io.astronomer.docker.runtime.version"

// rollout is an image that a Deployment runs.
type rollout struct {
	tag, runtime string
}

// run tells a Deployment which image to run. With a registry that takes as long as DAGs take to arrive; meanwhile it
// runs the other one, and is DEPLOYING [inferred].
func (s *Server) run(d *deployment, next rollout) {
	now := s.o.Now()
	if s.images != nil && next.tag != d.image.tag {
		if !s.rollingOut(d, now) {
			d.before = d.image
		}
		d.imageAt = now
	}
	d.image = next
}

// rollingOut reports whether the Deployment still runs the image before.
func (s *Server) rollingOut(d *deployment, now time.Time) bool {
	return now.Sub(d.imageAt) < max(s.o.ArriveAfter, 0)
}

func (p *Deploy) hasImage() bool { return p.Type == "IMAGE_ONLY" || p.Type == "IMAGE_AND_DAG" }

// checkImage is why the image of a deploy cannot be run, "" if it can, or if there is no registry. That the deploy FAILS then
// is inferred: what is documented is that such an image is not deployed. The Runtime becomes the deploy's.
func (s *Server) checkImage(d *deployment, p *Deploy) string {
	if s.images == nil || !p.hasImage() {
		return ""
	}
	name := d.organization + "/" + d.id
	image, err := s.pushed(name, p.ImageTag)
	if err != nil {
		return err.Error()
	}
	runtime := image.Config.Labels[runtimeLabel]
	switch {
	case image.OS+"/"+image.Architecture != "linux/amd64":
		return "the image is for " + image.OS + "/" + image.Architecture
	case runtime == "":
		return "the image has no label " + runtimeLabel
	case slices.Compare(runtimeOrder(runtime), runtimeOrder(d.image.runtime)) < 0:
		return "Runtime " + runtime + " is older than " + d.image.runtime
	default:
		p.AstroRuntimeVersion, p.AirflowVersion = runtime, airflow(runtime)
		return ""
	}
}

// imageConfig is the part of an image's configuration that Astro looks at.
type imageConfig struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Config       struct {
		Labels map[string]string `json:"Labels"`
	} `json:"config"`
}

// pushed reads an image that is all there.
func (s *Server) pushed(repository, tag string) (image imageConfig, err error) {
	type descriptor struct {
		Digest string `json:"digest"`
	}
	var manifest struct {
		Config descriptor   `json:"config"`
		Layers []descriptor `json:"layers"`
	}
	if err := s.inRegistry(repository, "manifests/"+tag, &manifest); err != nil {
		return image, err
	}
	for _, layer := range manifest.Layers {
		if err := s.inRegistry(repository, "blobs/"+layer.Digest, nil); err != nil {
			return image, err
		}
	}
	return image, s.inRegistry(repository, "blobs/"+manifest.Config.Digest, &image)
}

func (s *Server) inRegistry(repository, path string, into any) error {
	method := http.MethodGet
	if into == nil {
		method = http.MethodHead
	}
	r, err := http.NewRequest(method, "/v2/"+repository+"/"+path, http.NoBody)
	if err != nil {
		return err
	}
	answer := record(s.images, r)
	if answer.status != http.StatusOK {
		return fmt.Errorf("%s is not in the registry as %s", repository, path)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer.body, into)
}

// runtimeOrder is a Runtime as numbers that compare as Runtimes do: 13.9.0 is one up to Airflow 2, 3.1-12 one since.
func runtimeOrder(runtime string) []int {
	scheme := 0
	if version, _, found := strings.Cut(runtime, "-"); found && strings.Count(version, ".") == 1 {
		scheme = 1
	}
	order := []int{scheme}
	for _, part := range strings.FieldsFunc(runtime, func(r rune) bool { return r == '.' || r == '-' }) {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		order = append(order, n)
	}
	return order
}
